"""Reader `ted`: ted_main.csv, and transcripts.csv beside it (also as .gz).

Tags are Python literals, parsed without evaluation. Related talks are not read: they are the
relevance labels of the evaluation.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from vireo.data.readers import RawTables, ReadRequest, RowCounts
from vireo.errors import InputError

_NEEDED = ("title", "description", "tags", "url")
_NO_ID = "no url"
_TWICE = "the same url again"


def read(request: ReadRequest) -> RawTables:
    """`videos` is ted_main.csv; the data set has no users. Raises InputError for other files."""
    if request.videos is None or request.events is not None:
        raise InputError(
            "TED's talks come without viewers: give ted_main.csv alone.",
            "Type: vireo ingest --format ted --videos ted_main.csv.gz",
        )
    talks = _table(request.videos, _NEEDED)
    spoken = _transcripts(request.videos)
    rows: dict[str, dict[str, Any]] = {}
    rejected = {_NO_ID: 0, _TWICE: 0}
    for talk in talks.iter_rows(named=True):
        name = _name(talk["url"])
        if not name or name in rows:
            rejected[_TWICE if name else _NO_ID] += 1
            continue
        rows[name] = _video(name, talk, spoken)
    columns = ("video_id", "title", "description", "tags", "transcript", "creator", "published_at")
    kinds: dict[str, Any] = dict.fromkeys(columns, pl.String) | {"tags": pl.List(pl.String)}
    kinds["published_at"] = pl.Int64
    videos = pl.DataFrame(list(rows.values()), schema=kinds)
    account = RowCounts(
        file=request.videos.name,
        read=talks.height,
        accepted=videos.height,
        rejected={reason: count for reason, count in rejected.items() if count},
        notes=(f"{videos['transcript'].count()} of {videos.height} talks have a transcript.",),
    )
    return RawTables(videos=videos, counts={"videos": account})


def _video(name: str, talk: Mapping[str, Any], spoken: Mapping[str, str]) -> dict[str, Any]:
    published = str(talk.get("published_date") or "")
    return {
        "video_id": name,
        "title": (talk["title"] or "").strip() or None,
        "description": talk["description"],
        "tags": _tags(talk["tags"] or ""),
        "transcript": spoken.get(name),
        "creator": talk.get("main_speaker"),
        "published_at": int(published) * 1000 if published.isdigit() else None,
    }


def _transcripts(main: Path) -> dict[str, str]:
    """Transcript by id, from the file beside the talks; empty without it."""
    for name in ("transcripts.csv.gz", "transcripts.csv"):
        if (main.parent / name).is_file():
            table = _table(main.parent / name, ("transcript", "url"))
            return {_name(url): text for text, url in table.select("transcript", "url").rows()}
    return {}


def _table(path: Path, needed: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"{path} cannot be read as a table: {error}", "Give TED's CSV file."
        ) from None
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise InputError(
            f"{path.name} lacks the columns {', '.join(missing)}.",
            "Give ted_main.csv, or --format table for other tables.",
        )
    return table


def _name(url: str | None) -> str:
    """Id of a talk: the last part of its URL, which may end in a newline."""
    return (url or "").strip().rstrip("/").rsplit("/", 1)[-1]


def _tags(spelled: str) -> list[str]:
    try:
        tags = ast.literal_eval(spelled)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [str(tag) for tag in tags] if isinstance(tags, (list, tuple)) else []
