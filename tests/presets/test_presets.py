"""Four kinds of platform: each preset's example runs, and keeps what the preset promises."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.real_data import ROOT, data_folder
from tests.recommend.worlds import context, history, query
from vireo.config.presets import PRESETS, preset_config
from vireo.data.schedule import minute_of_week, slots
from vireo.errors import InputError
from vireo.recommend.base import fixed_width
from vireo.recommend.explain.explanation import explanation
from vireo.recommend.profile.summary import profile_of
from vireo.recommend.recommender import Recommender
from vireo.recommend.similar import similar
from vireo.store.base import UserAttributes
from vireo.workspace import Workspace


def example(name: str, file: str = "") -> Callable[..., Workspace]:
    """The `make` of a preset's example, without tuning a language model."""
    path = ROOT / "examples" / f"{file or name}.py"
    make: Callable[..., Workspace] = runpy.run_path(str(path))["make"]
    quick = {"pretraining.objective": "none", "engine.name": "serial"}
    return partial(make, config=preset_config(name).with_settings(quick))


@pytest.mark.parametrize("name", PRESETS)
def test_a_workspace_of_a_preset_reads_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    Workspace.create(tmp_path / name, config=preset_config(name))
    assert Workspace.open(tmp_path / name).config == preset_config(name)


def test_titles_that_do_not_fit_say_so() -> None:
    assert fixed_width("week 11", 8) == "week 11 "
    assert fixed_width("week 11", 7) == "week 11"
    assert fixed_width("week 11", 6) == "week …"


def test_an_unknown_preset_says_which_there_are() -> None:
    with pytest.raises(InputError, match="platform, courses, live, meetings"):
        preset_config("cinema")


def test_platform_on_the_log_of_an_app(tmp_path: Path) -> None:
    work = example("platform", "video_site")(data_folder("kuairand-pure"), tmp_path, rows=500)
    for user in work.resources.online.users()[:20]:
        assert len(work.recommend(user, 10)) == 10


def test_courses_come_after_what_they_need(tmp_path: Path) -> None:
    work = example("courses")(data_folder("mooccube"), tmp_path, rows=60)
    served = work.resources.online
    column = served.catalogue.terms["needs"].to_list()
    needs = {v: set(ids or ()) for v, ids in zip(served.catalogue.ids, column, strict=True)}
    below = {video: _below(video, needs) for video in needs}
    begun = 0
    for user in served.users()[:30]:
        seen = served.queries.history(user)
        done = {served.catalogue.ids[row] for row in seen.videos[seen.weights >= 0.9]}
        half = served.catalogue.ids[seen.videos[-1]]
        listed = [pick.video_id for pick in work.recommend(user, 8)]
        assert len(listed) == 8
        assert not done & set(listed)
        for video in listed:
            circle = {need for need in needs[video] if video in below[need]}
            assert video == half or needs[video] - done <= circle
        begun += listed[0] == half
    assert begun == 30, "what was left half-done comes first"


def _below(video: str, needs: dict[str, set[str]]) -> set[str]:
    """Everything that has to come before the video, over any number of steps."""
    found: set[str] = set()
    queue = [video]
    while queue:
        fresh = needs.get(queue.pop(), set()) - found
        found |= fresh
        queue += fresh
    return found


def test_live_lists_only_channels_that_are_live_and_repeats_visits(tmp_path: Path) -> None:
    work = example("live")(data_folder("twitch-follows"), tmp_path, rows=300)
    catalogue = work.resources.online.catalogue
    plan = dict(zip(catalogue.ids, catalogue.terms["schedule"].to_list(), strict=True))
    again = 0
    for hours in range(0, 168, 21):
        at = 1_704_067_200_000 + hours * 3_600_000
        now = minute_of_week(at)
        for user in work.resources.online.users()[:6]:
            listed = [pick.video_id for pick in work.recommend(user, 10, at=at)]
            assert listed
            for channel in listed:
                assert any(start <= now < end for start, end in slots(plan[channel]) or ())
            followed = {
                catalogue.ids[row] for row in work.resources.online.queries.history(user).videos
            }
            again += len(followed & set(listed))
    assert again > 0


def test_meetings_of_a_company_stay_in_their_groups(tmp_path: Path) -> None:
    work = example("meetings")(tmp_path)
    for name in work.resources.online.users():
        groups = work.resources.store.user(name).groups
        for page in (1, 2):
            for pick in work.recommend(name, 12, page=page):
                assert pick.video_id.split("-")[0] in groups
    nothing, closed = work.recommend("visitor"), work.similar("board-1")
    assert (len(nothing), len(closed)) == (0, 0)
    assert nothing.notes == (
        "The rule 'access' leaves nothing for this viewer, and it does not give way.",
    )
    assert "all users may see" in closed.notes[0]
    people = {name.casefold() for name in work.resources.online.users()}
    spoken = {
        word
        for name in work.resources.online.snapshot.understanding.topics
        for word in name.split(", ")
    }
    assert not people & spoken, "topics are what was spoken of, not who was there"
    assert {pick.video_id.split("-")[0] for pick in work.similar("board-1", user_id="Ada")} <= set(
        work.resources.store.user("Ada").groups
    )
    outsider = next(
        n
        for n in work.resources.online.users()
        if "board" not in work.resources.store.user(n).groups
    )
    with pytest.raises(InputError, match="may not see"):
        work.explain(outsider, "board-1")
    following = [pick.video_id for pick in work.recommend("Ada", 10)][:3]
    assert all(int(video.split("-")[1]) > 1 for video in following), "the series go on"


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.py")), ids=lambda f: f.stem)
def test_an_example_starts_as_a_script(file: Path, tmp_path: Path) -> None:
    """Its folder is searched first then: a file there must not hide a module of Python's own."""
    assert file.stem not in sys.stdlib_module_names
    command = [sys.executable, str(file), *([] if file.stem == "meetings" else ["nowhere"])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "IndexError: list index out of range" in done.stderr, "all it lacks is its arguments"


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 24))
def test_nobody_is_shown_or_told_of_what_they_may_not_open(seed: int, n: int) -> None:
    """Rights at random, also on what the viewer has watched: they may have been taken away."""
    random = np.random.default_rng(seed)
    groups = np.array(["a", "b", "c", "user:ana"])
    access = [
        groups[random.random(4) < 0.4].tolist() if random.random() < 0.8 else None for _ in range(n)
    ]
    preset = PRESETS["meetings"]["recommend"]
    world = context(
        random.integers(0, 3, n).tolist(),
        random.integers(0, 4, n).tolist(),
        {"access": access, "series": random.choice(["s", "t"], n).tolist()},
        **{**preset, "owner": {"pinned": ["v0"], "required": ["v1"]}},
    )
    mine = groups[:3][random.random(3) < 0.5].tolist()
    hidden = [row for row, names in enumerate(access) if not set(names or ()) & {*mine, "user:ana"}]
    seen = random.choice(n, int(random.integers(0, n)), replace=False).tolist()
    viewer = UserAttributes("ana", groups=tuple(mine))
    maker = Recommender(world.catalogue, world.model, world.section)
    asked = query(history(seen), 6, attributes=viewer, seeds=frozenset(seen[:1]))
    slate = maker.slate(asked)
    texts = [*slate.notes]
    for video, reason in zip(slate.videos.tolist(), slate.reasons, strict=True):
        assert video not in hidden
        assert not set(reason.videos) & set(hidden)
        texts.append(reason.text)
    named = maker.named(asked)
    texts += [str(explanation(world, named, video, maker.rows)) for video in slate.videos.tolist()]
    allowed = maker.protected(asked)
    assert sorted(np.flatnonzero(~allowed).tolist()) == hidden
    near = similar(world.catalogue, world.model, 0, n, allowed)
    assert not {int(pick.video_id[1:]) for pick in near} & set(hidden)
    keep = [row for row in seen if named.may_show(row)]
    texts.append(profile_of(world.catalogue, "ana", history(keep), (), 1).sentence)
    for row in hidden:
        assert not any(f"“Video {row}”" in text for text in texts)


def test_rights_that_were_taken_away_silence_a_reason() -> None:
    world = context([0, 0, 1], [9] * 3, {"access": [["a"], ["b"], ["b"]]}, diversity=0.0)
    maker = Recommender(world.catalogue, world.model, world.section)
    asked = query(history([0]), 2, attributes=UserAttributes("ana", groups=("b",)))
    assert all("Video 0" not in pick.reason for pick in maker.recommend(asked))
    both = replace(asked, attributes=UserAttributes("ana", groups=("a", "b")))
    assert any("Video 0" in pick.reason for pick in maker.recommend(both))
