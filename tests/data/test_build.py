"""The data stage: merging, refusing, splitting without a leak, and the same bytes every time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.data.tables import EVENTS, NOW, VIDEOS, built, put, store_in
from tests.real_data import data_folder
from vireo.data.base import PART_SCHEMAS, DataSection, Split
from vireo.data.build import recipe
from vireo.data.sources import Sources
from vireo.errors import InputError
from vireo.store.base import LiveEvent

LEAVE_ONE_OUT = Split("leave-one-out")
T0 = 1_700_000_000


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources")


def add(sources: Sources, videos: str | None, events: str | None, reader: str = "table") -> None:
    home = sources.root.parent
    sources.add(
        put(home, "v.csv", videos) if videos else None,
        put(home, "e.csv", events) if events else None,
        format=reader,
        section=DataSection(),
        now=NOW,
    )


def triples(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.select("user_id", "video_id", "event").rows()


def test_unknown_videos_are_refused_with_file_and_row(tmp_path: Path, sources: Sources) -> None:
    add(sources, VIDEOS, EVENTS + f"ana,v1,like,{T0}\nana,v9,like,{T0}\nbo,v3,view,{T0}\n")
    tables = built(sources, store_in(tmp_path), tmp_path)
    assert triples(tables.events) == [("ana", "v1", "like"), ("bo", "v3", "view")]
    assert tables.rejects.select("source", "row", "reason").rows() == [
        ("e.csv", 2, "unknown video")
    ]
    assert '"video_id":"v9"' in tables.rejects["raw"][0]
    assert tables.report["events"]["read"] == 3
    for name, schema in PART_SCHEMAS.items():
        assert dict(tables.part(name).schema) == schema, name


def test_a_later_row_replaces_an_earlier_one_and_its_file(tmp_path: Path, sources: Sources) -> None:
    put(tmp_path, "a.mp4", b"a")
    add(sources, "id,title,path\nv1,Old,a.mp4\nv2,Kept,a.mp4\n", None)
    add(sources, "id,title\nv1,New\nv3,More\n", None)
    tables = built(sources, store_in(tmp_path), tmp_path)
    assert dict(tables.videos.select("video_id", "title").iter_rows()) == {
        "v1": "New",
        "v2": "Kept",
        "v3": "More",
    }
    assert tables.media["video_id"].to_list() == ["v2"]
    videos = tables.report["videos"]
    assert (videos["read"], videos["replaced"], videos["catalogue"]) == (4, 1, 3)


def test_media_digests(tmp_path: Path, sources: Sources) -> None:
    put(tmp_path, "a.mp4", b"abc")
    put(tmp_path, "a.srt", b"")
    os.mkfifo(tmp_path / "pipe.mp4")
    rows = "v1,a.mp4,a.srt\nv2,gone.mp4,\nv3,pipe.mp4,\nv4,.,\n"
    add(sources, "id,path,subtitles\n" + rows, None)
    store = store_in(tmp_path)
    media = built(sources, store, tmp_path).media
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert media["digest"].to_list() == [abc, None, None, None]
    assert media["subtitles_digest"][0] is not None
    before = recipe(sources, store, Split(), DataSection(), tmp_path / "cache")
    assert before == recipe(sources, store, Split(), DataSection(), tmp_path / "elsewhere")
    put(tmp_path, "a.mp4", b"abcd")
    assert before != recipe(sources, store, Split(), DataSection(), tmp_path / "cache")


def test_live_events_join_in(tmp_path: Path, sources: Sources) -> None:
    add(sources, VIDEOS, EVENTS + f"ana,v1,like,{T0}\n")
    store = store_in(tmp_path)
    before = recipe(sources, store, Split(), DataSection(), tmp_path / "cache")
    event = LiveEvent("e1", "ana", "v2", "Watched", T0 * 1000, text="Nice", watch_seconds=3.0)
    store.append([event, event, replace(event, event_id="e2", video_id="v9")])
    assert before != recipe(sources, store, Split(), DataSection(), tmp_path / "cache")
    tables = built(sources, store, tmp_path)
    assert triples(tables.events) == [("ana", "v1", "like"), ("ana", "v2", "view")]
    assert tables.events["sequence"].to_list() == [1, 2]
    assert tables.comments["text"].to_list() == ["Nice"]
    assert tables.rejects.select("source", "row").rows() == [("live", 2)]
    assert (tables.report["events"]["read"], tables.report["events"]["live"]) == (3, 2)


def test_forgotten_viewers_are_left_out_and_unnamed(tmp_path: Path, sources: Sources) -> None:
    add(sources, VIDEOS, EVENTS + f"ana,v1,like,{T0}\nbo,v1,like,{T0}\n")
    store = store_in(tmp_path)
    before = recipe(sources, store, Split(), DataSection(), tmp_path / "cache")
    store.forget("ana")
    assert before != recipe(sources, store, Split(), DataSection(), tmp_path / "cache")
    tables = built(sources, store, tmp_path)
    assert tables.events["user_id"].to_list() == ["bo"]
    assert tables.rejects.select("reason", "raw").rows() == [("a forgotten viewer", None)]


def test_events_alone_make_a_catalogue(tmp_path: Path, sources: Sources) -> None:
    add(sources, None, EVENTS + f"ana,v1,like,{T0}\nbo,v2,like,{T0}\nbo,v1,like,{T0}\n")
    tables = built(sources, store_in(tmp_path), tmp_path, LEAVE_ONE_OUT)
    assert tables.videos["video_id"].to_list() == ["v1", "v2"]
    assert any("made of the events' video ids" in note for note in tables.report["notes"])


def test_events_that_name_titles(tmp_path: Path, sources: Sources) -> None:
    events = "user,title\nana,First\nana,Twin\nana,Nothing\n"
    add(sources, None, events)
    add(sources, VIDEOS + "t1,Twin,a\nt2,Twin,a\n", None)
    tables = built(sources, store_in(tmp_path), tmp_path)
    assert triples(tables.events) == [("ana", "v1", "view")]
    assert tables.rejects.select("row", "reason").rows() == [
        (2, "the title fits several videos"),
        (3, "unknown video"),
    ]


COMMENTS = "user_id,video_id,event,timestamp,text\n"


def test_a_split_by_time_keeps_back_events_and_comments(tmp_path: Path, sources: Sources) -> None:
    rows = f"ana,v1,comment,{T0},early\nana,v2,comment,{T0 + 10},late\nbo,v3,like,{T0 + 9}\n"
    add(
        sources,
        VIDEOS,
        COMMENTS + "".join(f"{r},\n" if r[0] == "b" else f"{r}\n" for r in rows.split("\n")[:-1]),
    )
    add(sources, None, "user,video\ncy,v1\n")
    tables = built(sources, store_in(tmp_path), tmp_path, Split("time", (T0 + 10) * 1000))
    assert [row[0] for row in triples(tables.events)] == ["ana", "bo", "cy"]
    assert triples(tables.heldout) == [("ana", "v2", "comment")]
    assert tables.comments["text"].to_list() == ["early"]
    with pytest.raises(InputError, match="needs a cutoff"):
        built(sources, store_in(tmp_path), tmp_path, Split("time"))


def test_leave_one_out(tmp_path: Path, sources: Sources) -> None:
    rows = (
        f"ana,v1,view,{T0 + 5},\nana,v2,comment,{T0 + 9},the last\nana,v3,comment,{T0},the first\n"
        f"ana,v1,impression,{T0 + 20},\n"  # an impression is nobody's wish
        f"bo,v1,view,{T0},\n"  # the only event stays
        f"cy,v1,view,{T0},\ncy,v2,view,{T0},\n"  # the same second: the shipped order counts
        f"di,v1,view,{T0},\ndi,v2,impression,{T0 + 1},\n"
    )
    add(sources, VIDEOS, COMMENTS + rows)
    tables = built(sources, store_in(tmp_path), tmp_path, LEAVE_ONE_OUT)
    assert triples(tables.heldout) == [("ana", "v2", "comment"), ("cy", "v2", "view")]
    assert tables.comments["text"].to_list() == ["the first"]
    assert tables.report["split"]["comments_withheld"] == 1


def test_leave_one_out_takes_the_whole_row_of_a_log(tmp_path: Path, sources: Sources) -> None:
    header = "user_id,video_id,time_ms,is_click,is_like,play_time_ms\n"
    rows = f"u,5,{T0}000,1,0,900\nu,6,{T0}001,1,1,900\n"
    add(sources, None, header + rows, "kuairand")
    tables = built(sources, store_in(tmp_path), tmp_path, LEAVE_ONE_OUT)
    assert triples(tables.heldout) == [("u", "6", "view"), ("u", "6", "like")]
    assert triples(tables.events) == [("u", "5", "view")]


def test_without_moments_the_comment_of_the_held_out_event_is_kept_back(
    tmp_path: Path, sources: Sources
) -> None:
    add(sources, VIDEOS, "user,video,event,text\nana,v1,comment,one\nana,v2,comment,two\n")
    tables = built(sources, store_in(tmp_path), tmp_path, LEAVE_ONE_OUT)
    assert tables.comments["text"].to_list() == ["one"]


def test_videos_and_media_do_not_depend_on_the_split(tmp_path: Path, sources: Sources) -> None:
    add(sources, None, EVENTS + "".join(f"ana,v{n},like,{T0 + n}\n" for n in range(5)))
    store = store_in(tmp_path)
    splits = [Split(), LEAVE_ONE_OUT, Split("time", (T0 + 2) * 1000)]
    made = [built(sources, store, tmp_path, split) for split in splits]
    for tables in made[1:]:
        assert tables.videos.equals(made[0].videos)
        assert tables.media.equals(made[0].media)
        assert not tables.events.equals(made[0].events)


def test_the_same_bytes_every_time(tmp_path: Path, sources: Sources) -> None:
    rows = "".join(f"u{n % 50},v{n % 4},view,{T0 + n % 77}\n" for n in range(5000))
    add(sources, VIDEOS, EVENTS + rows)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        built(sources, store_in(tmp_path), tmp_path, LEAVE_ONE_OUT).save(tmp_path / name)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_the_real_ratings_leave_one_out(tmp_path: Path, sources: Sources) -> None:
    folder = data_folder("ml-1m")
    sources.add(None, folder, format="movielens", section=DataSection(), now=NOW)
    tables = built(sources, store_in(tmp_path), tmp_path, LEAVE_ONE_OUT)
    assert len(tables.heldout) == 6040
    assert len(tables.events) == 1_000_209 - 6040
    known = pl.read_parquet(folder / "ratings_provenance.parquet")
    last = known.group_by("user_id").agg(pl.col("timestamp").max() * 1000)
    both = tables.heldout.with_columns(pl.col("user_id").cast(pl.Int16)).join(last, on="user_id")
    assert (both["timestamp"] == both["timestamp_right"]).all()
