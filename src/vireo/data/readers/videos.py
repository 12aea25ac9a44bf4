"""Videos and media files from the rows of a catalog; an id or a title is required."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from vireo.data.readers import RawTables
from vireo.data.readers.availability import TERMS_RULES, terms
from vireo.data.readers.columns import Layout, column, plain
from vireo.data.readers.parse import moments, numbers, tags, trimmed, words
from vireo.data.readers.rows import ROW, Rows
from vireo.data.readers.validation import Rule, ValidatedRows, account, unreadable, validate
from vireo.data.remote import URL, is_url
from vireo.store.validation import MAX_ID

_TEXTS = ("title", "description", "category", "creator", "language", "transcript")

VIDEO_RULES: tuple[Rule, ...] = (
    (pl.col("video_id").is_null(), "no video id and no title"),
    (pl.col("video_id").str.len_chars() > MAX_ID, f"video id longer than {MAX_ID} characters"),
)
_TABLE_RULES = (*VIDEO_RULES, *TERMS_RULES)


def videos_from(rows: Rows, layout: Layout, folder: Path, *, remote: bool = False) -> RawTables:
    """Catalog of one table; paths are relative to `folder`, URLs stay if `remote`.

    A missing id is the title; of rows with one id the first counts.
    """
    parsed = parse_videos(rows, layout)
    validated = validate("videos", rows, parsed, _TABLE_RULES, unique="video_id")
    media, notes = _media(validated, folder, remote)
    return RawTables(
        videos=validated.accepted,
        media=media,
        rejects=validated.rejects,
        counts={"videos": account(rows, layout, validated, notes)},
    )


def parse_videos(rows: Rows, layout: Layout) -> pl.DataFrame:
    """Parsed rows: VIDEO_SCHEMA, path, subtitles, ROW and marks of warnings."""
    given = rows.frame.select(
        ROW,
        *(words(column(rows, layout, n)).alias(n) for n in ("video_id", *_TEXTS)),
        *(words(column(rows, layout, n)).alias(n) for n in ("tags", "path", "subtitles")),
        *(trimmed(column(rows, layout, n)).alias(n) for n in _OTHERS),
    )
    published = moments(given["published_at"], years=True)
    seconds, duration = _duration(given)
    tag_lists = tags(given["tags"])
    parsed = given.with_columns(
        pl.coalesce("video_id", "title").alias("video_id"),
        published.alias("published_at"),
        duration.alias("duration"),
        tag_lists.alias("tags"),
        unreadable("published_at could not be read", given["published_at"], published),
        unreadable("duration is not a number above 0", seconds, duration),
        unreadable("tags could not be read", given["tags"], tag_lists),
        *terms(rows, layout),
    )
    if "category" in layout.used or plain(layout.used.get("tags", "")) != "genres":
        return parsed
    return parsed.with_columns(pl.col("tags").list.first().alias("category"))


_OTHERS = ("published_at", "duration", "duration_ms")


def _duration(given: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Durations as given and in seconds; null if not above 0."""
    seconds = pl.coalesce("seconds", pl.col("thousandths") / 1000)
    read = pl.DataFrame(
        {
            "seconds": numbers(given["duration"]),
            "thousandths": numbers(given["duration_ms"]),
            "given": given.select(pl.coalesce("duration", "duration_ms")).to_series(),
        }
    ).with_columns(value=seconds)
    return read["given"], read.select(pl.when(pl.col("value") > 0).then("value")).to_series()


def _media(validated: ValidatedRows, folder: Path, fetched: bool) -> tuple[pl.DataFrame, list[str]]:
    """Media files of the accepted rows, and notes."""
    rows = validated.accepted.select("video_id", "path", "subtitles")
    named = rows.filter(pl.col("path").is_not_null())
    remote = named["path"].str.contains(f"^{URL.pattern}")
    used = named if fetched else named.filter(~remote)
    local = used.with_columns(
        pl.Series(name, [resolved(p, folder, fetched) for p in used[name]], pl.String)
        for name in ("path", "subtitles")
    )
    lone = rows.filter(pl.col("path").is_null() & pl.col("subtitles").is_not_null())
    absent = sum(1 for path in local["path"] if not is_url(path) and not Path(path).is_file())
    what = "it is fetched." if fetched else "nothing is downloaded (data.remote is false)."
    notes = [
        (int(remote.sum()), f"videos have a URL instead of a file: {what}"),
        (absent, "video files are not there."),
        (len(lone), "videos name subtitles but no file: the subtitles are not read."),
    ]
    return local, [f"{count} {what}" for count, what in notes if count]


def resolved(path: str | None, folder: Path, fetched: bool = False) -> str | None:
    """Absolute path; a URL is unchanged if it is fetched, else None."""
    if path is None or is_url(path):
        return path if fetched else None
    return os.path.normpath(folder / path)
