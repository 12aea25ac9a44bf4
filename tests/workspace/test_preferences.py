"""What a workspace is told of its viewers: obeyed at once, kept over builds, then forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from vireo.errors import InputError
from vireo.store.base import LiveEvent, UserAttributes
from vireo.testing import TinyWorld
from vireo.workspace import Workspace


def ids(work: Workspace, user: str | None, k: int = 5, **more: object) -> set[str]:
    return {pick.video_id for pick in work.recommend(user, k, **more)}  # type: ignore[arg-type]


def test_a_wish_counts_at_once_and_after_a_rebuild_and_can_be_taken_back(
    built: Path, world: TinyWorld
) -> None:
    work = Workspace.open(built)
    assert ids(work, "ana", 3) <= set(world.cooking)
    kept = work.add_preference("ana", "more sailing, boats on the open sea")
    assert ids(work, "ana") & set(world.sailing)
    assert work.profile("ana").preferences == ("more sailing, boats on the open sea",)
    work.record([LiveEvent("e1", "zoe", "v-1042", "view", 1_780_000_000_000)])
    work.build()
    again = Workspace.open(built)
    assert ids(again, "ana") & set(world.sailing)
    again.remove_preference("ana", kept.number)
    assert ids(again, "ana", 3) <= set(world.cooking)
    with pytest.raises(InputError, match="no preference number"):
        again.remove_preference("ana", kept.number)


def test_wishes_show_in_explanations_and_where_nothing_else_is_known(built: Path) -> None:
    work = Workspace.open(built)
    video = work.recommend("ana", 1)[0].video_id
    before = work.explain("ana", video)
    work.add_preference("ana", "less of this", video)
    after = work.explain("ana", video)
    assert "preference" not in before.sources
    assert after.sources["preference"] < 0
    assert after.place > before.place
    stranger = work.explain("nina", video)
    assert set(stranger.sources) <= {"popular", "recent", "fresh"}, "what their list is made of"
    with pytest.raises(InputError, match="Nothing is known"):
        work.resources.online.about_user("nina")
    work.add_preference("nina", "more sailing")
    assert work.resources.online.about_user("nina")["preferences"] == ["more sailing"]
    for unclear in ("less of this", "more"):
        with pytest.raises(InputError, match="does not say"):
            work.add_preference("nina", unclear)


def test_forgetting_forgets_the_wishes_also_of_somebody_without_events(built: Path) -> None:
    work = Workspace.open(built)
    work.add_preference("nina", "more sailing")
    work.forget("nina")
    assert work.preferences("nina") == []
    with pytest.raises(InputError, match="forgotten"):
        work.add_preference("nina", "more cooking")


def test_picked_videos_and_a_sentence_make_a_list_for_a_new_viewer(
    built: Path, world: TinyWorld
) -> None:
    work = Workspace.open(built)
    picked = world.sailing[:3]
    listed = work.recommend("nina", 4, seeds=picked)
    assert {pick.video_id for pick in listed} <= set(world.sailing) - set(picked)
    assert any("you picked" in pick.reason for pick in listed)
    assert not any("you watched" in pick.reason for pick in listed)
    assert ids(work, None, 4, query="cakes, bread and soup from the kitchen") <= set(world.cooking)


def test_pages_go_on_and_a_session_repeats(built: Path) -> None:
    work = Workspace.open(built)
    first, second = ids(work, "ana"), ids(work, "ana", page=2)
    assert len(second) == 5
    assert not first & second
    with pytest.raises(InputError, match="page 0"):
        work.recommend("ana", page=0)


def test_a_table_of_viewers_counts_in_the_next_list(built: Path, tmp_path: Path) -> None:
    table = tmp_path / "users.csv"
    table.write_text(
        "user,born,country,lang,team\nana,2012-05-01,DE,de;en,staff|board\nbo,,,,\n,1990,,,\n"
        "cy,never,,,\nana,1980,,,\nda,2000,,,[broken\n"
    )
    work = Workspace.open(built)
    report = work.ingest(users=table)["user_attributes"]
    assert (report["read"], report["accepted"], report["kept"]) == (6, 2, 2)
    assert [row["reason"] for row in report["refused_rows"]] == [
        "no user id",
        "age cannot be read",
        "duplicate user id",
        "groups cannot be read",
    ]
    ana = work.resources.store.user("ana")
    assert (ana.region, ana.languages, ana.groups) == ("DE", ("de", "en"), ("staff", "board"))
    assert ana.age is not None
    assert 12 < ana.age < 100
    assert work.resources.store.user("bo") == UserAttributes("bo")


def test_rights_hold_from_the_table_to_the_list(world: TinyWorld, tmp_path: Path) -> None:
    from tests.conftest import QUICK

    lines = world.videos.read_text().splitlines()
    closed = dict.fromkeys(world.cooking[:6], "kitchen")
    rows = [lines[0] + ",access"]
    rows += [f"{line},{closed.get(line.split(',')[0], '')}" for line in lines[1:]]
    table = tmp_path / "videos.csv"
    table.write_text("\n".join(rows) + "\n")
    work = Workspace.create(tmp_path / "w", config=QUICK)
    work.ingest(table, world.events)
    work.build()
    assert not ids(work, "ana", 24) & set(closed)
    work.resources.store.set_users([UserAttributes("ana", groups=("kitchen",))])
    assert ids(work, "ana", 24) & set(closed)
    assert not ids(work, "ana", 24, attributes=UserAttributes("ana")) & set(closed)


def test_impressions_fade_and_count_from_the_last_view(built: Path) -> None:
    work = Workspace.open(built)
    first = work.recommend("ana", 1)[0].video_id
    late = 1_790_000_000_000
    shown = [LiveEvent(f"i{n}", "ana", first, "impression", late + n) for n in range(20)]
    work.record(shown)
    again = Workspace.open(built)
    assert first not in ids(again, "ana", 3)
    query = again.resources.online.queries.query("ana", 3)
    assert query.impressions == {again.resources.online.catalogue.row(first): 20}
