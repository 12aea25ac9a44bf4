"""The reader `kuairand`: several events per row, repeated rows, the real log."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from tests.data.tables import put, read
from tests.real_data import data_folder
from vireo.errors import InputError

HEADER = (
    "user_id,video_id,time_ms,is_click,is_like,is_follow,is_comment,is_forward,is_hate,"
    "long_view,play_time_ms,duration_ms\n"
)
LOG = (
    "u1,5,1650812741436,1,1,0,1,0,0,1,2500,9000\n"  # view, like, comment
    "u1,6,1650812741437,0,0,0,0,0,1,0,0,8000\n"  # impression, dislike
    "u1,6,1650812741437,0,0,0,0,0,1,0,0,8000\n"  # the same row again
    "u2,6,1650812741438,0,0,0,0,0,0,0,750,8000\n"  # played without a click: a view
    "u2,5,1650812741439,1,0,1,0,1,0,0,-4,9000\n"  # view of unknown length, follow, share
    "u2,5,1650812741440,,0,0,0,0,0,0,0,9000\n"
)


def test_one_row_can_hold_several_events(tmp_path: Path) -> None:
    tables = read(None, put(tmp_path, "log_1.csv", HEADER + LOG), reader="kuairand")
    found = tables.events.select("user_id", "video_id", "event", "watch_seconds", "sequence")
    assert found.rows() == [
        ("u1", "5", "view", 2.5, 1),
        ("u1", "5", "like", None, 1),
        ("u1", "5", "comment", None, 1),
        ("u1", "6", "impression", 0.0, 2),
        ("u1", "6", "dislike", None, 2),
        ("u2", "6", "view", 0.75, 4),
        ("u2", "5", "view", None, 5),
        ("u2", "5", "follow", None, 5),
        ("u2", "5", "share", None, 5),
    ]
    account = tables.counts["events"]
    assert (account.read, account.accepted) == (6, 4)
    assert account.rejected == {"duplicate row": 1, "is_click is not a number": 1}
    assert account.warnings == {"play_time_ms is not a number from 0": 1}
    assert any("4 rows of the log gave 9 events" in note for note in account.notes)
    videos = tables.frames()["videos"].select("video_id", "title", "duration")
    assert videos.rows() == [("5", "video 5", 9.0), ("6", "video 6", 8.0)]


def test_a_folder_of_logs_and_the_features(tmp_path: Path) -> None:
    put(tmp_path, "log_1.csv", HEADER + LOG)
    put(tmp_path, "log_2.csv.gz", gzip.compress((HEADER + LOG).encode()))
    header = "video_id,author_id,upload_dt,video_duration,tag\n"
    features = put(tmp_path, "v.csv", header + '5,77,2022-04-10,,"39,2"\n6,,soon,4000,\n')
    tables = read(features, tmp_path, reader="kuairand")
    assert tables.events["sequence"].unique().sort().to_list() == [1, 2, 4, 5, 7, 8, 10, 11]
    five, six = tables.frames()["videos"].to_dicts()
    assert (five["title"], five["tags"], five["creator"]) == (
        "video 5",
        ["tag39", "tag2"],
        "author 77",
    )
    assert five["duration"] == 9.0, "the length in the log serves where the features have none"
    assert (six["duration"], six["creator"], six["published_at"]) == (4.0, None, None)
    assert tables.counts["videos"].warnings == {"upload_dt could not be read": 1}


def test_what_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no log_"):
        read(None, tmp_path, reader="kuairand")
    with pytest.raises(InputError, match="no column time_ms, is_click"):
        read(None, put(tmp_path, "log_1.csv", "user_id,video_id\n1,2\n"), reader="kuairand")
    with pytest.raises(InputError, match="needs a log"):
        read(tmp_path, None, reader="kuairand")


def test_the_real_log() -> None:
    folder = data_folder("kuairand-pure") / "data"
    tables = read(folder / "video_features_basic_pure.csv", folder, reader="kuairand")
    log = pl.read_csv(folder / "log_standard_4_25_to_5_08_pure.csv.gz")
    account = tables.counts["events"]
    assert account.read == len(log) == 228_329
    assert account.rejected == {"duplicate row": 5460}
    once = log.unique()
    counts = dict(tables.events["event"].value_counts().iter_rows())
    assert counts["like"] == once["is_like"].sum()
    assert counts["dislike"] == once["is_hate"].sum()
    assert counts["view"] + counts["impression"] == len(once)
    watched = tables.events["watch_seconds"].sum()
    assert watched == pytest.approx(once["play_time_ms"].sum() / 1000)
    assert len(tables.videos) == 7583
