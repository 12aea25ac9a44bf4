"""The reader `movielens`: the .dat layout (1M, 10M: `::`) and the .csv layout (20M and later)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from vireo.data.readers import RawTables, ReadRequest, RowCounts
from vireo.data.readers.columns import (
    EVENT_ALIASES,
    VIDEO_ALIASES,
    Layout,
    column,
    lay_out,
    plain,
    require,
)
from vireo.data.readers.delimited import split_delimited
from vireo.data.readers.events import events_from
from vireo.data.readers.files import Text, bytes_of, checked
from vireo.data.readers.parse import tags, words
from vireo.data.readers.rating_order import in_true_order
from vireo.data.readers.rows import ROW, Rows, from_split, read_rows
from vireo.data.readers.table import joined
from vireo.data.readers.validation import ValidatedRows, account, validate
from vireo.data.readers.videos import videos_from
from vireo.errors import InputError

NAMES = {
    "ratings": ("userId", "movieId", "rating", "timestamp"),
    "movies": ("movieId", "title", "genres"),
}
NO_GENRES = "(no genres listed)"
NOT_OURS = "not a movie of this MovieLens release"
DESCRIPTIONS = (
    "description",
    "plot",
    "overview",
    "text",
    "overviewtmdb",
    "plotomdb",
    "plotimdbshort",
    "abstractdbpedia",
)
"""Columns that can describe a movie; per row the first one with a text is taken."""
KEYWORDS = ("keywords", "keywordstmdb", "tags")
_SEPARATOR = "\x1f"
"""Takes the place of `::` in a .dat file: a character that no title holds."""


def read(request: ReadRequest) -> RawTables:
    """`events` is the release's folder, with ratings.* and movies.* (.dat or .csv, also .gz).

    `videos` is optional: a table with a column of MovieLens ids and texts (plots, keywords,
    directors) that is added to the movies. Where `ratings_provenance.parquet` lies in the folder,
    ratings of the same second follow it. Raises InputError where a file is missing.
    """
    if request.events is None:
        raise InputError(
            "The format movielens needs the release's folder.", "Give it: `--events ml-1m`."
        )
    folder = request.events if request.events.is_dir() else request.events.parent
    movies = _movies(_rows(folder, "movies"), folder)
    if request.videos is not None:
        movies = _enriched(movies, read_rows(request.videos, "videos"))
    ratings = _rows(folder, "ratings")
    layout = lay_out(ratings, EVENT_ALIASES, request.columns)
    require(layout, ratings, "ratings", ("user_id",), ("video_id",), ("value",))
    return joined(movies, _ordered(events_from(ratings, layout, request), folder))


def _ordered(tables: RawTables, folder: Path) -> RawTables:
    """The ratings with ties in time in the order in which they were given, where it is known."""
    events, note = in_true_order(tables.events, folder)
    if not note:
        return tables
    counts = replace(tables.counts["events"], notes=(*tables.counts["events"].notes, note))
    return replace(tables, events=events, counts={**tables.counts, "events": counts})


def _rows(folder: Path, name: str) -> Rows:
    """The rows of the first of NAME.dat, NAME.csv and their .gz that is in the folder."""
    paths = [folder / f"{name}{end}" for end in (".dat", ".dat.gz", ".csv", ".csv.gz")]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise InputError(
            f"{folder} holds no {name}.dat or {name}.csv (nor either as .gz).",
            "Give the folder of an unpacked MovieLens release: `--events ml-1m`.",
        )
    if ".dat" not in path.suffixes:
        return read_rows(path, name)
    # The releases with .dat files are in latin-1, where every byte is a character.
    text = bytes_of(checked(path, name)).decode("latin-1").replace("::", _SEPARATOR)
    return from_split(path.name, split_delimited(text, path, _SEPARATOR, NAMES[name]), Text(""))


def _movies(rows: Rows, folder: Path) -> RawTables:
    layout = lay_out(rows, VIDEO_ALIASES, {})
    require(layout, rows, "movies", ("video_id",), ("title",))
    tables = videos_from(rows, layout, folder)
    kept = pl.element().filter(pl.element() != NO_GENRES)
    year = pl.col("title").str.extract(r"\((\d{4})(?:[-–]\d{0,4})?\)\s*$").cast(pl.Int32)
    videos = tables.videos.with_columns(
        pl.col("tags").list.eval(kept),
        pl.datetime(year, 1, 1, time_unit="ms").cast(pl.Int64).alias("published_at"),
    ).with_columns(pl.col("tags").list.first().alias("category"))
    return replace(tables, videos=videos)


def _enriched(movies: RawTables, rows: Rows) -> RawTables:
    """The movies with the texts of another table; its other rows are rejected."""
    layout = _enrichment_layout(rows)
    require(layout, rows, "movie texts", ("video_id",))
    validated = _validated_texts(rows, layout, movies.videos["video_id"])
    texts = validated.accepted
    none = pl.lit([], pl.List(pl.String))
    both = pl.concat_list(pl.col("tags").fill_null(none), pl.col("keywords").fill_null(none))
    videos = movies.videos.drop(ROW).join(texts, on="video_id", how="left", maintain_order="left")
    videos = videos.with_columns(
        pl.coalesce("description", "more_description").alias("description"),
        pl.coalesce("creator", "more_creator").alias("creator"),
        both.list.unique(maintain_order=True).alias("tags"),
    )
    note = f"{len(texts)} rows of {rows.source} added texts to movies, no further videos."
    total = _together(movies.counts["videos"], account(rows, layout, validated, (note,)))
    rejects = pl.concat([movies.rejects, validated.rejects])
    return replace(movies, videos=videos, rejects=rejects, counts={"videos": total})


def _enrichment_layout(rows: Rows) -> Layout:
    """The id and the creator by the usual aliases; every column of texts counts as used."""
    layout = lay_out(rows, VIDEO_ALIASES, {})
    kept = ("video_id", "creator")
    used = {ours: theirs for ours, theirs in layout.used.items() if ours in kept}
    texts = [name for name in rows.names if plain(name) in DESCRIPTIONS + KEYWORDS]
    not_used = [name for name in rows.names if name not in (*used.values(), *texts)]
    return Layout(used, tuple(not_used))


def _validated_texts(rows: Rows, layout: Layout, ids: pl.Series) -> ValidatedRows:
    given = rows.frame.select(
        ROW,
        words(column(rows, layout, "video_id")).alias("video_id"),
        _first_text(rows, DESCRIPTIONS).alias("more_description"),
        _first_text(rows, KEYWORDS).alias("keywords"),
        words(column(rows, layout, "creator")).alias("more_creator"),
    )
    given = given.with_columns(tags(given["keywords"]).alias("keywords"))
    rules = [
        (pl.col("video_id").is_null(), "no video id"),
        (~pl.col("video_id").is_in(ids.implode()), NOT_OURS),
    ]
    return validate("videos", rows, given, rules, unique="video_id")


def _first_text(rows: Rows, columns: Sequence[str]) -> pl.Expr:
    """Per row the first text among these columns."""
    by_plain = {plain(name): name for name in rows.names}
    found = [words(pl.col(by_plain[name])) for name in columns if name in by_plain]
    return pl.coalesce(pl.lit(None, pl.String), *found)


def _together(one: RowCounts, other: RowCounts) -> RowCounts:
    reasons = sorted({*one.rejected, *other.rejected})
    rejected = {why: one.rejected.get(why, 0) + other.rejected.get(why, 0) for why in reasons}
    return replace(
        one,
        file=f"{one.file} and {other.file}",
        read=one.read + other.read,
        accepted=one.accepted + other.accepted,
        rejected=rejected,
        notes=(*one.notes, *other.notes),
        columns_not_used=(*one.columns_not_used, *other.columns_not_used),
    )
