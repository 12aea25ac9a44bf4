"""Whatever is in a table: no traceback, and accepted + rejected = read."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.tables import put, read
from vireo.data.readers import RawTables
from vireo.errors import InputError

CELL = st.one_of(
    st.sampled_from(["", "v1", "ana", "1700000000", "NaN", "inf", '"', '""', "\n", "-1", "null"]),
    st.sampled_from(
        ["2024-01-01", "like", "[1", "['a']", "https://x", "../x", "\0", ",", "9" * 30]
    ),
    st.text(max_size=8),
)
ROW = st.lists(CELL, min_size=0, max_size=9)
HEADER = ["user_id", "video_id", "event", "timestamp", "rating", "watch_time", "tags", "path"]
VALUE = st.one_of(CELL, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(CELL))


def both(path: Path) -> None:
    """The file as videos and as events; either is an answer or an InputError."""
    for videos, events in ((path, None), (None, path)):
        with suppress(InputError):
            check(read(videos, events))


def check(tables: RawTables) -> None:
    frames = tables.frames()
    for account in tables.counts.values():
        assert len(set(tables.rejects["row"])) == account.read - account.accepted
    assert frames["videos"]["video_id"].null_count() == 0
    assert frames["videos"]["video_id"].is_unique().all()
    assert frames["events"]["user_id"].null_count() == 0
    for raw in tables.rejects["raw"]:
        json.loads(raw)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(ROW, max_size=6))
def test_proper_csv_of_anything(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    with tempfile.TemporaryDirectory() as folder:
        both(put(Path(folder), "t.csv", text.getvalue().encode("utf-8", "replace")))


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.lists(CELL, max_size=9).map(",".join), max_size=6))
def test_careless_csv_of_anything(lines: list[str]) -> None:
    text = "\n".join([",".join(HEADER), *lines])
    with tempfile.TemporaryDirectory() as folder:
        both(put(Path(folder), "t.csv", text.encode("utf-8", "replace")))


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=200), name=st.sampled_from(["t.csv", "t.jsonl", "t.parquet", "t.gz"])
)
def test_any_bytes_at_all(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        both(put(Path(folder), name, b"user_id,video_id,title\n" + data))


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from(HEADER), VALUE), max_size=6))
def test_json_lines_of_anything(rows: list[dict[str, object]]) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        both(put(Path(folder), "t.jsonl", text))
