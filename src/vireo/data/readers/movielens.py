"""The reader `movielens`: the .dat layout (1M, 10M: `::`) and the .csv layout (20M and later)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from vireo.data.readers import RawTables, ReadRequest, total_counts
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
from vireo.data.readers.rows import ROW, Rows, from_cells, read_rows
from vireo.data.readers.table import joined
from vireo.data.readers.validation import ValidatedRows, account, validate
from vireo.data.readers.videos import videos_from
from vireo.errors import InputError

NAMES = {
    "ratings": ("userId", "movieId", "rating", "timestamp"),
    "movies": ("movieId", "title", "genres"),
}
PROVENANCE = "ratings_provenance.parquet"
"""Columns `user_id`, `movie_id` and `user_seq_pos` (1, 2, ... per user)."""
_KEY = ["user_id", "video_id"]
NO_GENRES = "(no genres listed)"
NOT_OURS = "not a movie of this MovieLens release"
DESCRIPTIONS = (
    *("description", "plot", "overview", "text"),
    *("overviewtmdb", "plotomdb", "plotimdbshort", "abstractdbpedia"),
)
"""Columns that describe a movie; the first one with a text counts."""
KEYWORDS = ("keywords", "keywordstmdb", "tags")
_SEPARATOR = "\x1f"
"""Replaces `::` of .dat files; no title holds it."""


def read(request: ReadRequest) -> RawTables:
    """`events` is the release's folder, with ratings.* and movies.* (.dat or .csv, also .gz).

    `videos` (optional) is a table of MovieLens ids and texts (plots, keywords, directors) to add.
    `ratings_provenance.parquet` in the folder orders ratings of one second. Raises InputError for
    a missing file.
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
    events, note = _with_true_order(tables.events, folder)
    if not note:
        return tables
    counts = replace(tables.counts["events"], notes=(*tables.counts["events"].notes, note))
    return replace(tables, events=events, counts={**tables.counts, "events": counts})


def _with_true_order(events: pl.DataFrame, folder: Path) -> tuple[pl.DataFrame, str]:
    """Events with each user's row numbers in the order of the provenance file, and a note.

    Many ratings of a user share a second, and the order of rows in `ratings.dat` is arbitrary: it
    moves up to a quarter of all last events. A file that does not match the ratings is ignored.
    """
    path = folder / PROVENANCE
    if not path.is_file():
        return events, ""
    places = _places(path)
    fits = places is not None and not events.select(_KEY).is_duplicated().any()
    if places is None or not fits:
        return events, _ignored("it cannot be read, or a pair of user and movie is repeated")
    placed = events.join(places, on=_KEY, how="left", maintain_order="left")
    if missing := placed["place"].null_count():
        return events, _ignored(f"{missing} of {len(events)} ratings are not in it")
    rank = pl.col("place").rank("ordinal") - 1
    sequence = pl.col("sequence").sort().gather(rank).over("user_id")
    ordered = placed.with_columns(sequence.alias("sequence")).drop("place").sort("sequence")
    return ordered, f"Ratings of the same second follow user_seq_pos of {PROVENANCE}."


def _places(path: Path) -> pl.DataFrame | None:
    """user_id, video_id, place; None for an invalid file."""
    try:
        table = pl.read_parquet(path, columns=["user_id", "movie_id", "user_seq_pos"])
    except (OSError, pl.exceptions.PolarsError):
        return None
    places = table.select(
        pl.col("user_id").cast(pl.String),
        pl.col("movie_id").cast(pl.String).alias("video_id"),
        pl.col("user_seq_pos").cast(pl.Int64, strict=False).alias("place"),
    )
    return None if places.select(_KEY).is_duplicated().any() else places


def _ignored(why: str) -> str:
    return f"{PROVENANCE} was ignored ({why}): ratings of one second stay in row order."


def _rows(folder: Path, name: str) -> Rows:
    """Rows of NAME.dat or NAME.csv, or their .gz, in this folder."""
    paths = [folder / f"{name}{end}" for end in (".dat", ".dat.gz", ".csv", ".csv.gz")]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise InputError(
            f"{folder} holds no {name}.dat or {name}.csv (nor either as .gz).",
            "Give the folder of an unpacked MovieLens release: `--events ml-1m`.",
        )
    if ".dat" not in path.suffixes:
        return read_rows(path, name)
    # .dat files are in latin-1.
    text = bytes_of(checked(path, name)).decode("latin-1").replace("::", _SEPARATOR)
    return from_cells(path.name, split_delimited(text, path, _SEPARATOR, NAMES[name]), Text(""))


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
    """Movies with the texts of another table; its other rows are rejected."""
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
    counts = (movies.counts["videos"], account(rows, layout, validated, (note,)))
    total = total_counts(counts, " and ".join(part.file for part in counts))
    rejects = pl.concat([movies.rejects, validated.rejects])
    return replace(movies, videos=videos, rejects=rejects, counts={"videos": total})


def _enrichment_layout(rows: Rows) -> Layout:
    """Columns of id and creator by their aliases; columns of texts count as used."""
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
