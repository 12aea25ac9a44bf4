"""The reader of TED's talks: odd rows, files that are none, and the real set."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.real_data import data_folder
from vireo.data.base import DataSection
from vireo.data.readers import RawTables, ReadRequest
from vireo.data.readers.ted import read
from vireo.errors import InputError

HEAD = "description,main_speaker,published_date,tags,title,url\n"
TALKS = (
    HEAD + "\"On bread\",Ann,1151367060,\"['food', 'art']\",Bread,https://t.com/talks/bread\n"
    "On sea,Bob,,__import__('os'),Sea,\"https://t.com/talks/sea\n\"\n"
    "Again,Bob,,[],Sea,https://t.com/talks/sea\n"
    "None,Eve,,[],Lost,\n"
)


def _read(videos: Path, events: Path | None = None) -> RawTables:
    return read(ReadRequest(videos, events, DataSection(), now=2_000_000_000_000))


def test_talks_and_their_transcripts(tmp_path: Path) -> None:
    (tmp_path / "ted_main.csv").write_text(TALKS)
    (tmp_path / "transcripts.csv").write_text(
        'transcript,url\n"We knead, we wait.","https://t.com/talks/bread\n"\n'
    )
    tables = _read(tmp_path / "ted_main.csv")
    bread, sea = tables.videos.to_dicts()
    assert bread["video_id"] == "bread"
    assert bread["tags"] == ["food", "art"]
    assert bread["transcript"] == "We knead, we wait."
    assert bread["published_at"] == 1151367060000
    assert (sea["tags"], sea["transcript"], sea["published_at"]) == ([], None, None)
    account = tables.counts["videos"]
    assert (account.read, account.accepted) == (4, 2)
    assert account.rejected == {"no url": 1, "the same url again": 1}


def test_other_files_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="lacks the columns"):
        _read(other)
    with pytest.raises(InputError, match="without viewers"):
        _read(other, other)
    with pytest.raises(InputError, match="cannot be read"):
        _read(tmp_path / "absent.csv")


def test_the_shipped_set() -> None:
    videos = _read(data_folder("ted") / "ted_main.csv.gz").videos
    assert videos.height == 2550
    assert videos["transcript"].count() > 2450
    assert (videos["tags"].list.len() > 0).all()
    assert videos.select(pl.col("video_id").is_duplicated().any()).item() is False
