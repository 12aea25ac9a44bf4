"""The world on disk: readable tables without answers, the same bytes again, safe to interrupt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.demo.conftest import USERS, VIDEOS, Made
from vireo.demo import make_world
from vireo.demo.behavior import live
from vireo.demo.catalogue import plan_films
from vireo.demo.tables import BOT, BOT_VIEWS, events_csv, videos_csv
from vireo.demo.viewers import plan_viewers
from vireo.demo.vocabulary import TOPICS
from vireo.engine import ENGINES, EngineSection
from vireo.errors import InputError


def test_the_catalogue_names_real_files(made: Made) -> None:
    videos = made.videos
    assert videos.height == VIDEOS == videos["video_id"].n_unique() == videos["title"].n_unique()
    named = [*videos["path"], *videos["subtitles"].drop_nulls()]
    assert all((made.directory / name).is_file() for name in named)
    assert len(list(made.directory.glob("clips/*"))) == len(named)


def test_a_full_world_has_twelve_topics_and_three_hundred_users() -> None:
    films, viewers = plan_films(0, 72), plan_viewers(0, 300)
    events = live(0, films, viewers)
    assert {film.topic for film in films} == set(TOPICS)
    assert all(sum(film.topic == topic for film in films) == 6 for topic in TOPICS)
    assert len({viewer.user_id for viewer in viewers}) == 300
    assert len({event.user_id for event in events}) == 299
    assert len({film.creator for film in films if film.creator}) >= 8
    new = [film for film in films if film.fresh]
    assert len(new) == 8
    assert sum(not film.dialogue for film in films) == 4
    assert any(not film.dialogue for film in new)
    assert {"view", "like", "dislike", "comment", "share", "impression"} == {
        event.event for event in events
    }
    per_user = pl.Series([event.user_id for event in events]).value_counts()["count"]
    assert (per_user <= 2).sum() >= 3


def test_new_videos_have_no_events_and_the_third_user_has_none(made: Made) -> None:
    events = made.events
    assert made.world.new_videos
    assert not events["video_id"].is_in(list(made.world.new_videos)).any()
    ana, ben, new = made.world.three_users
    users = set(events["user_id"])
    assert ana == "ana"
    assert {ana, ben} <= users
    assert new not in users


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_two_known_users_like_different_things(seed: int) -> None:
    films = {film.video_id: film for film in plan_films(seed, 72)}
    viewers = plan_viewers(seed, 300)
    events = live(seed, list(films.values()), viewers)
    favorites = [set(viewer.tastes[0]) for viewer in viewers[:2]]
    assert favorites[0].isdisjoint(favorites[1])
    for viewer, topics in zip(viewers[:2], favorites, strict=True):
        views = [e for e in events if e.event == "view" and e.user_id == viewer.user_id]
        liked = [e for e in views if (e.watch_seconds or 0) > 0.5 * films[e.video_id].seconds]
        own = [e for e in liked if films[e.video_id].topic in topics]
        assert len(own) >= 5
        assert len(own) > 0.6 * len(liked)


def test_no_answer_is_in_the_world(made: Made) -> None:
    columns = set(made.videos.columns) | set(made.events.columns)
    assert not columns & {"topic", "category", "appeal", "taste", "born", "fresh", "seed"}
    assert {file.name for file in made.directory.iterdir()} == {
        "clips",
        "events.csv",
        "videos.csv",
        "world.json",
    }
    assert set(json.loads((made.directory / "world.json").read_text())) == {
        "version",
        "seed",
        "videos",
        "users",
    }
    ids = [film.video_id for film in plan_films(0, 72)]
    assert ids == sorted(ids)  # neither ids nor order follow the topics
    assert not any(topic in name for topic in TOPICS for name in made.videos["path"])


def test_files_carry_no_words_besides_the_subtitles(made: Made) -> None:
    for film in plan_films(0, VIDEOS):
        content = (made.directory / film.path).read_bytes()
        assert film.title.encode() not in content
        assert f"topic={film.topic}".encode() not in content


def test_events_lie_within_the_fixed_calendar_and_after_publication(made: Made) -> None:
    good = made.events.filter(pl.col("timestamp").str.contains("T"))
    times = good["timestamp"].str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    first, last = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 6, 30, 0, 10, tzinfo=UTC)
    assert times.is_between(first, last).all()
    views = good.filter(pl.col("user_id") != BOT).join(made.videos, on="video_id")
    assert (views["timestamp"] >= views["published_at"]).all()


def test_the_flaws_are_there_to_be_counted(made: Made) -> None:
    events = made.events
    assert events.height - events.unique().height >= 6
    assert events.filter(pl.col("video_id") == "v-gone").height == 1
    assert events.filter(~pl.col("timestamp").str.contains("T")).height == 1
    assert events.filter(pl.col("user_id") == BOT).height == BOT_VIEWS


def test_popularity_is_skewed_across_tastes(made: Made) -> None:
    films, viewers = plan_films(0, 72), plan_viewers(0, 300)
    views = [event.video_id for event in live(0, films, viewers) if event.event == "view"]
    counts = [count for _, count in Counter(views).most_common()]
    assert sum(counts[:14]) > 0.33 * len(views)  # the top fifth; an even spread gives 0.22


def test_the_same_seed_gives_the_same_tables_and_another_seed_others() -> None:
    def tables(seed: int) -> tuple[str, str]:
        films = plan_films(seed, VIDEOS)
        events = live(seed, films, plan_viewers(seed, USERS))
        return videos_csv(films), events_csv(seed, films, events)

    assert tables(5) == tables(5)
    assert tables(5)[0] != tables(6)[0]
    assert tables(5)[1] != tables(6)[1]


def test_a_finished_world_is_used_again(made: Made) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.directory.rglob("*")}
    assert made.again(made.directory) == made.world
    assert before == {path: path.stat().st_mtime_ns for path in made.directory.rglob("*")}


def test_missing_videos_are_drawn_by_worker_processes_with_the_same_bytes(
    made: Made, tmp_path: Path
) -> None:
    copy, lost = _damaged(made, tmp_path, 2)
    made.again(copy, engine=ENGINES.get("processes")(EngineSection(workers=2)))
    assert _bytes(copy) == _bytes(made.directory)
    assert len(lost) == 2


def test_a_killed_run_leaves_only_whole_files_and_is_finished_later(
    made: Made, tmp_path: Path
) -> None:
    copy, lost = _damaged(made, tmp_path, 4)
    code = "import sys, pathlib; from vireo.demo import make_world; "
    code += f"make_world(pathlib.Path(sys.argv[1]), videos={VIDEOS}, users={USERS})"
    run = subprocess.Popen([sys.executable, "-c", code, str(copy)])
    while run.poll() is None and not any((copy / name).exists() for name in lost):
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    whole = _bytes(made.directory)
    found = {name: data for name, data in _bytes(copy).items() if not name.endswith(".part")}
    assert all(whole[name] == data for name, data in found.items())
    made.again(copy)
    assert _bytes(copy) == whole


def test_a_world_of_another_recipe_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "world.json").write_text('{"version": 0, "seed": 9, "videos": 24, "users": 60}')
    (tmp_path / "clips" / "v-0000.mp4").write_bytes(b"old")
    (tmp_path / "notes.txt").write_text("mine")

    class Stop(Exception):
        pass

    class Nothing:
        def map(self, function: object, items: object, *, timeout: float | None = None) -> None:
            raise Stop

    with pytest.raises(Stop):
        make_world(tmp_path, videos=24, users=60, engine=Nothing())  # type: ignore[arg-type]
    assert not (tmp_path / "clips" / "v-0000.mp4").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("marker", [None, "not json", "[]", '{"name": "another tool"}'])
def test_tables_of_other_people_are_left_alone(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "videos.csv").write_text("video_id\nmine\n")
    if marker is not None:
        (tmp_path / "world.json").write_text(marker)
    with pytest.raises(InputError, match="did not make"):
        make_world(tmp_path)
    assert (tmp_path / "videos.csv").read_text() == "video_id\nmine\n"


def test_impossible_requests_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 24 videos"):
        make_world(tmp_path, videos=3)
    with pytest.raises(InputError, match="outside of it"):
        make_world(tmp_path, truth=tmp_path / "truth.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not a directory"):
        make_world(tmp_path / "file")


def _damaged(made: Made, tmp_path: Path, count: int) -> tuple[Path, list[str]]:
    """A copy of the world without its shortest films, and with what a killed run leaves."""
    copy = tmp_path / "copy"
    shutil.copytree(made.directory, copy)
    films = sorted(plan_films(0, VIDEOS), key=lambda film: film.seconds)[:count]
    for film in films:
        clip = copy / film.path
        clip.unlink()
        clip.with_name(f".{clip.name}.part").write_bytes(b"half a video")
    return copy, [film.path for film in films]


def _bytes(directory: Path) -> dict[str, bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}
