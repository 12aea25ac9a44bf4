"""The object that users hold, on a world whose right lists are known."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import QUICK
from vireo.errors import InputError, NotBuilt, UnknownVideo
from vireo.pipeline import STAGES
from vireo.store.base import LiveEvent
from vireo.testing import TinyWorld
from vireo.workspace import Workspace


def test_half_the_users_love_cooking_and_get_cooking(built: Path, world: TinyWorld) -> None:
    work = Workspace.open(built)
    for users, videos in ((world.cooks, world.cooking), (world.sailors, world.sailing)):
        for user in users[:5]:
            picks = work.recommend(user, k=3)
            assert {pick.video_id for pick in picks} <= set(videos), user


def test_a_video_that_nobody_watched_reaches_the_right_taste(built: Path, world: TinyWorld) -> None:
    work = Workspace.open(built)
    new = "v-1042"
    assert new in world.cooking
    reached = [u for u in world.cooks if new in {p.video_id for p in work.recommend(u, k=10)}]
    missed = [u for u in world.sailors if new in {p.video_id for p in work.recommend(u, k=5)}]
    assert len(reached) > len(world.cooks) / 2
    assert len(missed) < len(world.sailors) / 4


def test_similar_works_for_a_video_that_nobody_watched(built: Path, world: TinyWorld) -> None:
    picks = Workspace.open(built).similar("v-1042", k=3)
    assert {pick.video_id for pick in picks} <= set(world.cooking) - {"v-1042"}


def test_a_stranger_gets_a_list_that_says_so_and_a_sentence_steers_it(
    built: Path, world: TinyWorld
) -> None:
    work = Workspace.open(built)
    plain = work.recommend("nobody-yet", k=6)
    assert len(plain) == 6
    assert "new here" in plain.notes[0]
    steered = work.recommend("nobody-yet", k=4, query="sailing boats on the open sea")
    assert {pick.video_id for pick in steered} <= set(world.sailing)


def test_a_second_build_skips_everything_and_changes_nothing(built: Path) -> None:
    work = Workspace.open(built)
    before = work.resources.published.current()
    results = work.build()
    assert [result.stage for result in results] == list(STAGES)
    assert not any(result.built for result in results)
    assert work.resources.published.current() == before


def test_the_same_tables_give_the_same_bytes(built: Path, world: TinyWorld, tmp_path: Path) -> None:
    """Another workspace in another place: same ids, same content."""
    again = Workspace.create(tmp_path / "repeat", config=QUICK)
    again.ingest(world.videos, world.events)
    results = again.build()
    first = Workspace.open(built)
    for result in results:
        other = first.resources.artifacts.find(result.stage, result.id)
        assert other is not None, result.stage
        assert other.content() == result.manifest.content(), result.stage


def test_a_fast_build_leaves_out_the_network_and_the_next_one_adds_it(
    built: Path, tmp_path: Path
) -> None:
    path = tmp_path / "fast"
    shutil.copytree(built, path)
    work = Workspace.open(path)
    whole = work.resources.published.current()
    results = {result.stage: result.built for result in work.build(fast=True)}
    assert {stage for stage, made in results.items() if made} == {"interest", "recommend"}
    assert "sequence" not in work.stage_report("interest")["weights"]
    assert "ease" in work.stage_report("interest")["weights"]
    assert len(work.recommend("nobody-yet", k=3)) == 3
    assert not any(result.built for result in work.build())  # that one was there already
    assert work.resources.published.current() == whole


def test_new_events_rebuild_only_what_reads_events(built: Path, tmp_path: Path) -> None:
    work = Workspace.open(built)
    table = tmp_path / "more.csv"
    table.write_text("user_id,video_id,event,timestamp\nzoe,v-1042,like,2026-04-02\n")
    work.ingest(events=table)
    rebuilt = {result.stage for result in work.build() if result.built}
    # `data` was built by ingesting; what never saw an event is used again.
    assert rebuilt == {"behavior", "interest", "recommend"}


def test_a_live_event_changes_the_next_list_at_once(built: Path, world: TinyWorld) -> None:
    work = Workspace.open(built)
    assert work.recommend("zoe", k=3).notes
    events = [
        LiveEvent(f"e{n}", "zoe", video, "like", 1_775_000_000_000 + n)
        for n, video in enumerate(world.sailing[:3])
    ]
    assert work.record(events) == 3
    assert work.record(events) == 0
    picks = work.recommend("zoe", k=3)
    assert {pick.video_id for pick in picks} <= set(world.sailing[3:])
    work.build()
    assert {p.video_id for p in work.recommend("zoe", k=3)} <= set(world.sailing[3:])
    history = work.resources.online.queries.history("zoe")
    assert len(history) == 3, "live events must count once after they were built in"


def test_a_live_event_in_other_words_counts_as_it_will_when_built(
    built: Path, world: TinyWorld
) -> None:
    work = Workspace.open(built)
    clicks = [
        LiveEvent(f"e{n}", "zoe", video, "click", 1_775_000_000_000 + n)
        for n, video in enumerate(world.sailing[:2])
    ]
    work.record(clicks)
    at_once = work.resources.online.queries.history("zoe").weights.tolist()
    work.build()
    assert at_once == work.resources.online.queries.history("zoe").weights.tolist() == [1.0, 1.0]


def test_forgetting_silences_at_once_and_purges_with_the_next_build(built: Path) -> None:
    work = Workspace.open(built)
    work.evaluate("2026-03-01")
    work.record(
        [LiveEvent("e1", "ana", "v-1042", "comment", 1_775_000_000_000, text="ana was here")]
    )
    receipt = work.forget("ana")
    assert receipt.live_events == 1
    assert receipt.source_rows > 0
    assert "new here" in work.recommend("ana", k=3).notes[0]
    work.build()
    work.close()
    for path in built.rglob("*"):
        if path.is_file() and path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            for name, kind in frame.schema.items():
                if kind == pl.String:
                    assert not (frame[name] == "ana").any(), path
        elif path.is_file():
            content = path.read_bytes()
            assert b"ana was here" not in content, path
            assert b'"ana"' not in content, path


def test_rollback_serves_the_build_before(built: Path, tmp_path: Path) -> None:
    work = Workspace.open(built)
    first = work.resources.published.current()
    table = tmp_path / "more.csv"
    table.write_text("user_id,video_id,event,timestamp\nzoe,v-1042,like,2026-04-02\n")
    work.ingest(events=table)
    work.build()
    assert work.resources.published.current() != first
    assert work.rollback() == first
    assert "new here" in work.recommend("zoe").notes[0]


def test_evaluation_uses_an_earlier_clock_and_beats_popularity(built: Path) -> None:
    work = Workspace.open(built)
    live = work.resources.published.current()
    report = work.evaluate("2026-03-01")
    comparison = report.against("popularity")
    assert comparison.difference > 0
    assert comparison.shown
    assert work.resources.published.current() == live, (
        "an evaluation must not change what is served"
    )


def test_the_future_cannot_leak_into_an_evaluation(built: Path, tmp_path: Path) -> None:
    """Whatever happens after the cutoff changes no artefact that stages read, and no score."""
    work = Workspace.open(built)
    before = work.evaluate("2026-03-01")
    ids = {m.id for m in work.resources.artifacts.all("interest")}
    table = tmp_path / "future.csv"
    rows = [f"u{n},v-1042,like,2026-03-{2 + n % 20:02d}" for n in range(200)]
    table.write_text("user_id,video_id,event,timestamp\n" + "\n".join(rows) + "\n")
    work.ingest(events=table)
    after = work.evaluate("2026-03-01")
    assert {m.id for m in work.resources.artifacts.all("interest")} == ids
    assert before.protocol["split"] == after.protocol["split"]
    assert after.protocol["events_held_out"] == before.protocol["events_held_out"] + 200


def test_leave_one_out_holds_back_one_event_per_user(built: Path) -> None:
    report = Workspace.open(built).evaluate(protocol="leave-one-out", systems=["popularity"])
    assert list(report.systems) == ["popularity"]


@pytest.mark.parametrize("stage", ["data", "behavior", "interest", "recommend"])
def test_a_damaged_artefact_is_made_again(built: Path, stage: str) -> None:
    work = Workspace.open(built)
    manifest = work.resources.artifacts.all(stage)[0]
    victim = next(path for path in manifest.directory.iterdir() if path.suffix != ".json")
    victim.write_bytes(victim.read_bytes()[:-1])
    rebuilt = [result.stage for result in work.build() if result.built]
    assert rebuilt == [stage], "the same bytes come back, so nothing after it changes"
    assert len(work.recommend("ana", k=3)) == 3


def test_the_cache_may_be_deleted(built: Path) -> None:
    shutil.rmtree(built / "cache")
    work = Workspace.open(built)
    assert not any(result.built for result in work.build())
    assert len(work.recommend("ana", k=2, query="bread")) == 2


def test_errors_say_what_to_type_next(tmp_path: Path, built: Path) -> None:
    with pytest.raises(InputError, match="vireo new"):
        Workspace.open(tmp_path / "none")
    with pytest.raises(InputError, match="already"):
        Workspace.create(built)
    fresh = Workspace.create(tmp_path / "fresh")
    with pytest.raises(InputError, match="vireo ingest"):
        fresh.build()
    with pytest.raises(NotBuilt, match="vireo build"):
        fresh.recommend("ana")
    work = Workspace.open(built)
    with pytest.raises(UnknownVideo, match="vireo list videos"):
        work.similar("no such video")
    with pytest.raises(InputError, match="entries"):
        work.recommend("ana", k=-1)
    with pytest.raises(InputError, match="2026-03-01"):
        work.evaluate("yesterday")


def test_one_builder_at_a_time(built: Path, tmp_path: Path) -> None:
    one, two = Workspace.open(built), Workspace.open(built)
    with one.resources.locked(), pytest.raises(InputError, match="Another command"):
        two.build()
