"""Access, age rating and availability columns: an unreadable cell never grants access."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from vireo.data.base import DataSection
from vireo.data.readers import RawTables, ReadRequest
from vireo.data.readers.table import read


def tables(tmp_path: Path, header: str, *rows: str) -> RawTables:
    path = tmp_path / "videos.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read(ReadRequest(path, None, DataSection(), now=1_800_000_000_000))


@pytest.mark.parametrize(
    ("cell", "age"),
    [("16+", 16), ("FSK 12", 12), ("PG-13", 13), ("tv-ma", 17), ("U", 0), ("0", 0), ("18.0", 18)],
)
def test_age_ratings_of_the_usual_boards(tmp_path: Path, cell: str, age: int) -> None:
    found = tables(tmp_path, "video_id,age_rating", f"a,{cell}", "b,")
    assert found.videos["age_rating"].to_list() == [age, None]


def test_an_unreadable_age_rating_counts_as_adult(tmp_path: Path) -> None:
    found = tables(tmp_path, "video_id,age_rating", "a,harmless", "b,2015")
    assert found.videos["age_rating"].to_list() == [18, 18]
    assert sum(found.counts["videos"].warnings.values()) == 2


def test_lists_windows_and_places_in_a_series(tmp_path: Path) -> None:
    found = tables(
        tmp_path,
        "video_id,access,regions,available_from,available_until,series,episode,needs,level",
        'a,staff|user:ana,"DE, AT",2026-01-01,2026-02-01,Sea,3,b;c,Advanced',
        "b,,,,,,,,",
    )
    row, bare = found.videos.to_dicts()
    assert row["access"] == ["staff", "user:ana"]
    assert row["regions"] == ["DE", "AT"]
    assert row["available_until"] - row["available_from"] == 31 * 86_400_000
    assert (row["series"], row["episode"], row["needs"]) == ("Sea", 3, ["b", "c"])
    assert row["level"] == 3
    assert all(value is None for name, value in bare.items() if name in row and name == "access")


def test_rights_and_windows_that_cannot_be_read_reject_the_row(tmp_path: Path) -> None:
    found = tables(
        tmp_path,
        "video_id,access,available_until",
        '"a","[broken",',
        "b,,soon",
        "c,staff,2026-01-01",
        'd,"[]",',
    )
    assert found.videos["video_id"].to_list() == ["c", "d"]
    assert found.videos["access"].to_list() == [["staff"], []]  # d: nobody may open it
    reasons = found.rejects.select("row", "reason").rows()
    assert reasons == [(1, "access cannot be read"), (2, "available_until cannot be read")]


def test_old_sources_without_these_columns_are_still_read() -> None:
    from vireo.data.readers import conform

    frame = conform(pl.DataFrame({"video_id": ["a"]}), "videos")
    assert frame["access"].to_list() == [None]
