"""Every way in which a file can be no table, or half of one: an answer, never a traceback."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from tests.data.tables import EVENTS, VIDEOS, put, read
from vireo.errors import InputError


def ids(path: Path) -> list[str]:
    return read(path).videos["video_id"].to_list()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("v.csv", "", "is empty"),
        ("v.csv", "\n \n", "no rows"),
        ("v.csv", "video_id,title\n", "a header and no rows"),
        ("v.jsonl", "[]\n", "one JSON list"),
        ("v.parquet", "no parquet at all", "not a Parquet file"),
        ("v.csv.gz", "no gzip at all", "not a complete gzip"),
        ("v.xlsx", "PK", "of no kind"),
        ("v", "a,b\n", "no suffix"),
        ("v.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "neither UTF-8"),
        ("v.csv", "video_id,title\nv1,夜の海\nv2,山\n".encode("shift-jis"), "neither UTF-8"),
        ("v.csv", "video_id,title\nv1,Иван Васильевич\n".encode("cp1251"), "neither UTF-8"),
        ("v.csv", "video_id,title\nv1,西游记之大圣归来\n".encode("gbk"), "neither UTF-8"),
        ("v.csv", "colour,size\nred,5\n", "no column `video_id` or `title`"),
        ("v.csv", '"video_id,title\nv1,First\n', "header"),
    ],
)
def test_no_table(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(put(tmp_path, name, content))
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read(tmp_path / "missing.csv")
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(InputError, match="is a directory"):
        read(put(tmp_path, "v.csv", VIDEOS), tmp_path)


def test_a_truncated_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(VIDEOS.encode() * 50)
    with pytest.raises(InputError, match="not a complete gzip"):
        read(put(tmp_path, "v.csv.gz", whole[:-20]))


def test_a_missing_column_names_those_found_and_the_way_out(tmp_path: Path) -> None:
    events = put(tmp_path, "e.csv", "who,video_id\nana,v1\n")
    with pytest.raises(InputError, match="no column `user_id`") as caught:
        read(put(tmp_path, "v.csv", VIDEOS), events)
    assert "Columns found: who, video_id" in str(caught.value)
    assert "--columns THEIRS=user_id" in str(caught.value)


def test_all_formats_say_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame({"video_id": ["v1", "v2"], "title": ["Caffè", None], "tags": ["a|b", "c"]})
    frame.write_csv(tmp_path / "v.csv")
    frame.write_csv(tmp_path / "v.tsv", separator="\t")
    frame.write_csv(tmp_path / "semicolons.csv", separator=";")
    frame.write_ndjson(tmp_path / "v.jsonl")
    frame.write_parquet(tmp_path / "v.parquet")
    for name in ("v.csv", "v.tsv", "v.jsonl"):
        put(tmp_path, f"{name}.gz", gzip.compress((tmp_path / name).read_bytes()))
    tables = [read(path).frames() for path in sorted(tmp_path.iterdir())]
    assert len(tables) == 8
    assert all(table["videos"].equals(tables[0]["videos"]) for table in tables)
    assert tables[0]["videos"]["title"].to_list() == ["Caffè", None]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8-sig", None), ("cp1252", "Western"), ("latin-1", "Western"), ("utf-16", "UTF-16")],
)
def test_encodings(tmp_path: Path, encoding: str, note: str | None) -> None:
    text = "video_id,title\nv1,Café crème à Genève\nv2,plain\n"
    tables = read(put(tmp_path, "v.csv", text.encode(encoding)))
    assert tables.videos["title"].to_list() == ["Café crème à Genève", "plain"]
    notes = tables.counts["videos"].notes
    assert not notes if note is None else note in notes[0]


def test_a_spoilt_byte_costs_its_row(tmp_path: Path) -> None:
    text = "video_id,title\nv1,Café\nv2,b?d\nv3,Genève\n".encode().replace(b"?", b"\xff")
    tables = read(put(tmp_path, "v.csv", text))
    assert tables.videos["video_id"].to_list() == ["v1", "v3"]
    assert tables.rejects["row"].to_list() == [2]
    assert "not UTF-8" in tables.rejects["reason"][0]


@pytest.mark.parametrize("name", ["v.csv", "v.jsonl", "v.parquet"])
def test_a_nul_byte_costs_its_row(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"video_id": ["v1", "v2", "v3"], "title": ["a" * 99, "b\0b", "c"]})
    if name == "v.csv":
        frame.write_csv(tmp_path / name)
    elif name == "v.jsonl":
        frame.write_ndjson(tmp_path / name)
    else:
        frame.write_parquet(tmp_path / name)
    tables = read(tmp_path / name)
    assert tables.videos["video_id"].to_list() == ["v1", "v3"]
    assert tables.rejects["row"].to_list() == [2]


@pytest.mark.parametrize("quote", ["", '"'])
def test_rows_with_too_many_or_too_few_fields(tmp_path: Path, quote: str) -> None:
    rows = f"video_id,title\nv1,{quote}a{quote}\nv2\n\nv3,b,c\nv4,d\n"
    tables = read(put(tmp_path, "v.csv", rows))
    assert tables.videos["video_id"].to_list() == ["v1", "v4"]
    assert tables.rejects["row"].to_list() == [2, 3]
    assert tables.rejects["reason"].to_list() == [
        "too few fields: 1 instead of 2",
        "too many fields: 3 instead of 2",
    ]
    assert tables.rejects["raw"].to_list() == ['["v2"]', '["v3", "b", "c"]']


def test_quotes(tmp_path: Path) -> None:
    good = 'video_id,title\nv1,"one, two"\nv2,"says ""hi"""\nv3,"two\nlines"\nv4,5" disk\n'
    titles = read(put(tmp_path, "v.csv", good)).videos["title"].to_list()
    assert titles == ["one, two", 'says "hi"', "two\nlines", '5" disk']


@pytest.mark.parametrize("bad", ['v2,"never closed', 'v2,"closed" too early', 'v2,"a"b"'])
@pytest.mark.parametrize("rest", ["v3,c\nv4,d\n", 'v3,"c"\nv4,d\n', 'v3,c\nv4,"d"\n'])
def test_a_quote_that_is_not_closed_costs_one_row(tmp_path: Path, bad: str, rest: str) -> None:
    tables = read(put(tmp_path, "v.csv", f"video_id,title\nv1,a\n{bad}\n{rest}"))
    assert tables.videos["video_id"].to_list() == ["v1", "v3", "v4"]
    assert tables.rejects["row"].to_list() == [2]


def test_lines_that_are_no_json_objects(tmp_path: Path) -> None:
    lines = ['{"video_id": 1}', "{", "[1]", "{}", '{"video_id": "x\\ud800"}', "[" * 99_999]
    lines += ['{"video_id": ' + "9" * 5000 + "}", '{"video_id": 2.0, "tags": ["a", "b"]}']
    tables = read(put(tmp_path, "v.jsonl", "\n".join(lines)))
    assert tables.videos["video_id"].to_list() == ["1", "x?", "2"]
    assert tables.videos["tags"].to_list() == [None, None, ["a", "b"]]
    assert tables.counts["videos"].rejected == {"the line is not a JSON object with keys": 5}


def test_parquet_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "user_id": [1.0, None, 3.0],
            "video_id": [1, 1, 2],
            "timestamp": pl.Series([0, 1_700_000_000, 1_700_000_001]).cast(pl.Datetime("ms")),
            "rating": [1.5, 2.0, float("nan")],
            "blob": [b"x", None, b"y"],
        }
    ).with_columns(pl.col("timestamp").dt.offset_by("40y"))
    frame.write_parquet(tmp_path / "e.parquet")
    videos = put(tmp_path, "v.csv", "id,name\n1,a\n2,b\n")
    tables = read(videos, tmp_path / "e.parquet")
    assert tables.events["user_id"].to_list() == ["1"]
    assert tables.events["timestamp"].to_list() == [40 * 365 * 86_400_000 + 10 * 86_400_000]
    assert tables.rejects["reason"].to_list() == ["no user id", "a rating without a number"]


def test_an_events_table_without_rows(tmp_path: Path) -> None:
    tables = read(put(tmp_path, "v.csv", VIDEOS), put(tmp_path, "e.csv", EVENTS))
    assert tables.events.is_empty()
    assert "no behavior yet" in tables.counts["events"].notes[-1]
