"""The reader `table`: what counts as a video or an event, under which names, and why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.data.tables import EVENTS, NOW, VIDEOS, events_of, put, read
from vireo.errors import InputError


@pytest.mark.parametrize(
    "header", ["item_id,name", "movieId,Title", "VideoID,video title", "video,TITLE", "Id,Name"]
)
def test_aliases_of_videos(tmp_path: Path, header: str) -> None:
    videos = read(put(tmp_path, "v.csv", f"{header}\nv1,First\n")).videos
    assert videos.select("video_id", "title").rows() == [("v1", "First")]


@pytest.mark.parametrize(
    "header",
    [
        "userId,movieId,rating,timestamp",
        "User,video,score,datetime",
        "UID,item,Stars,ts",
        "viewer_id,VideoID,rating,time",
    ],
)
def test_aliases_of_events(tmp_path: Path, header: str) -> None:
    tables = events_of(tmp_path, "ana,v1,4,1700000000\n", f"{header}\n")
    row = tables.events.to_dicts()[0]
    assert (row["user_id"], row["video_id"], row["event"], row["value"]) == (
        "ana",
        "v1",
        "rating",
        4,
    )
    assert row["timestamp"] == 1_700_000_000_000


def test_every_column_of_a_video(tmp_path: Path) -> None:
    put(tmp_path, "clip.mp4", b"x")
    record = {
        "id": "v1",
        "name": " A title ",
        "desc": "Words.",
        "genres": "Drama|War|Drama",
        "channel": "Chan",
        "lang": "de",
        "published_at": "1995",
        "length": "61.5",
        "dialogue": "Hello.",
        "file": "clip.mp4",
        "subtitle": "sub/clip.srt",
        "shoe_size": "45",
    }
    tables = read(put(tmp_path, "v.jsonl", json.dumps(record)))
    (row,) = tables.frames()["videos"].to_dicts()
    assert {name: value for name, value in row.items() if value is not None} == (
        {
            "video_id": "v1",
            "title": "A title",
            "description": "Words.",
            "tags": ["Drama", "War"],
            "category": "Drama",
            "creator": "Chan",
            "language": "de",
            "published_at": 788_918_400_000,
            "duration": 61.5,
            "transcript": "Hello.",
        }
    )
    home = tmp_path.resolve()
    assert tables.media.rows() == [("v1", str(home / "clip.mp4"), str(home / "sub/clip.srt"))]
    assert tables.counts["videos"].columns_not_used == ("shoe_size",)


def test_every_column_of_an_event(tmp_path: Path) -> None:
    header = "user,video,action,date,rating,play_time_ms,comment,session\n"
    tables = events_of(tmp_path, "ana,v1,Comment,2024-01-31,3,1500,So good,s1\n", header)
    assert tables.frames()["events"].row(0) == (
        *("ana", "v1", "comment", 1_706_659_200_000, 3.0, 1.5, "s1", 1),
    )
    assert tables.comments.rows() == [("ana", "v1", 1_706_659_200_000, "So good")]


def test_a_title_alone_is_the_id(tmp_path: Path) -> None:
    tables = read(put(tmp_path, "v.csv", "title\nThe Sea (2001)\n The Sea (2001)\n\nB-Side!\n"))
    assert tables.videos["video_id"].to_list() == ["The Sea (2001)", "B-Side!"]
    assert tables.counts["videos"].rejected == {"duplicate video id": 1}


def test_of_duplicate_ids_the_first_good_one_stays(tmp_path: Path) -> None:
    tables = read(put(tmp_path, "v.csv", "id,title\nv1,one\n,\nv1,two\nv2,three\nv1,four\n"))
    assert tables.videos["title"].to_list() == ["one", "three"]
    assert tables.rejects.select("row", "reason").rows() == [
        (2, "no video id and no title"),
        (3, "duplicate video id"),
        (5, "duplicate video id"),
    ]
    assert json.loads(tables.rejects["raw"][1]) == {"id": "v1", "title": "two"}


def test_optional_values_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    rows = (
        "id,duration,published_at,tags\na,NaN,soon,[1\nb,inf,2001-02-03,\nc,-1,,x\nd,,,\ne,7,,y\n"
    )
    tables = read(put(tmp_path, "v.csv", rows))
    assert tables.videos["duration"].to_list() == [None, None, None, None, 7.0]
    assert tables.counts["videos"].warnings == {
        "published_at could not be read": 1,
        "duration is not a number above 0": 3,
        "tags could not be read": 1,
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",v1,like,1700000000", "no user id"),
        ("  ,v1,like,1700000000", "no user id"),
        ("NaN,v1,like,1700000000", "no user id"),
        ("ana,,like,1700000000", "no video id"),
        ("ana,v1,like,", "no timestamp"),
        ("ana,v1,like,yesterday", "timestamp cannot be read"),
        ("ana,v1,like,NaN", "timestamp cannot be read"),
        ("ana,v1,like,inf", "timestamp cannot be read"),
        ("ana,v1,like,-5", "timestamp before 1980"),
        ("ana,v1,like,1969-07-20", "timestamp before 1980"),
        ("ana,v1,like,1e300", "timestamp cannot be read"),
        (f"ana,v1,like,{NOW + 2 * 86_400_000}", "timestamp in the future"),
        ("ana,v1,like,2099-01-01", "timestamp in the future"),
        ("ana,v1,rating,1700000000", "a rating without a number"),
        (f"{'u' * 600},v1,like,1700000000", "user id longer than 512 characters"),
        (f"ana,v1,{'w' * 70},1700000000", "event longer than 64 characters"),
        ("ana,v1", "too few fields: 2 instead of 4"),
    ],
)
def test_events_that_are_refused(tmp_path: Path, row: str, reason: str) -> None:
    tables = events_of(tmp_path, f"bo,v1,like,1700000000\n{row}\nbo,v2,like,1700000000\n")
    assert tables.events["video_id"].to_list() == ["v1", "v2"]
    assert tables.rejects.select("table", "source", "row", "reason").rows() == [
        ("events", "events.csv", 2, reason)
    ]


def test_one_day_ahead_is_let_through(tmp_path: Path) -> None:
    assert len(events_of(tmp_path, f"ana,v1,like,{NOW + 3_600_000}\n").events) == 1


def test_event_words(tmp_path: Path) -> None:
    words = ["Click", "WATCH", "play", "heart", "Favourite", "thumbs-down", "retweet", "Bookmark"]
    words += ["subscribe", "Skipped", "exposure", "Superlike", ""]
    rows = "".join(f"ana,v1,{word},1700000000\n" for word in words)
    assert events_of(tmp_path, rows).events["event"].to_list() == [
        *("view", "view", "view", "like", "like", "dislike", "share", "save"),
        *("follow", "skip", "impression", "superlike", "view"),
    ]


def test_without_columns_of_events_and_moments(tmp_path: Path) -> None:
    tables = events_of(tmp_path, "ana,v1\nana,v2\n", "user,video\n")
    assert tables.events["event"].to_list() == ["view", "view"]
    assert tables.events["timestamp"].to_list() == [None, None]
    assert tables.events["sequence"].to_list() == [1, 2]
    assert len(tables.counts["events"].notes) == 2


def test_odd_numbers_of_events_are_counted(tmp_path: Path) -> None:
    header = "user,video,event,value,watch_time\n"
    tables = events_of(tmp_path, "a,v1,view,x,-3\na,v1,view,NaN,inf\na,v1,view,1,2\n", header)
    assert tables.events["watch_seconds"].to_list() == [None, None, 2.0]
    assert tables.counts["events"].warnings == {
        "value is not a number": 2,
        "watch_seconds is not a number from 0": 2,
    }


def test_urls_and_missing_files_are_noted(tmp_path: Path) -> None:
    rows = "id,url,subtitles\na,https://x/y.mp4,\nb,gone.mp4,https://x/y.srt\nc,,lone.srt\n"
    tables = read(put(tmp_path, "v.csv", rows))
    assert tables.media.rows() == [("b", str(tmp_path.resolve() / "gone.mp4"), None)]
    notes = " ".join(tables.counts["videos"].notes)
    assert "1 videos have a URL" in notes
    assert "1 video files are not there" in notes
    assert "1 videos name subtitles but no file" in notes


def test_columns_are_mapped(tmp_path: Path) -> None:
    videos = put(tmp_path, "v.csv", "id,clip\n7,v1\n")
    events = put(tmp_path, "e.csv", "who,clip,id\nana,v1,9\n")
    columns = {"who": "user_id", "clip": "video_id"}
    tables = read(videos, events, columns)
    assert tables.videos["video_id"].to_list() == ["v1"]
    assert tables.events.select("user_id", "video_id").rows() == [("ana", "v1")]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"titel": "title"}, "No table has the column 'titel'. Did you mean 'title'"),
        ({"title": "user_idd"}, "there is no column 'user_idd'. Did you mean 'user_id'"),
    ],
)
def test_wrong_mappings_name_the_nearest(
    tmp_path: Path, columns: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(put(tmp_path, "v.csv", VIDEOS), put(tmp_path, "e.csv", EVENTS), columns)
    assert said in str(caught.value)
