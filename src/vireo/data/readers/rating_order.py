"""A release's true order of each user's ratings, where a file beside the ratings holds it.

The ratings of one user often share a second, and the rows of `ratings.dat` are in no order that
means anything: an unstable or an arbitrary order of ties moves up to a quarter of all last events.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

FILE = "ratings_provenance.parquet"
"""Columns `user_id`, `movie_id` and `user_seq_pos` (1, 2, ... per user)."""
_KEY = ["user_id", "video_id"]


def in_true_order(events: pl.DataFrame, folder: Path) -> tuple[pl.DataFrame, str]:
    """The events with each user's row numbers dealt out in the true order, and a note about it.

    Row numbers break ties in time, so times still come first. Without the file nothing changes;
    where it does not fit the ratings (other rows, a pair twice), it is left aside and the note says
    so.
    """
    path = folder / FILE
    if not path.is_file():
        return events, ""
    places = _places(path)
    fits = places is not None and not events.select(_KEY).is_duplicated().any()
    if places is None or not fits:
        return events, _aside("it cannot be read, or a pair of user and movie comes twice")
    placed = events.join(places, on=_KEY, how="left", maintain_order="left")
    if missing := placed["place"].null_count():
        return events, _aside(f"{missing} of {len(events)} ratings are not in it")
    dealt = pl.col("sequence").sort().gather(pl.col("place").rank("ordinal") - 1).over("user_id")
    ordered = placed.with_columns(dealt.alias("sequence")).drop("place").sort("sequence")
    return ordered, f"Ratings of the same second follow user_seq_pos of {FILE}."


def _places(path: Path) -> pl.DataFrame | None:
    """user_id, video_id, place; None for a file that is not what it is named for."""
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


def _aside(why: str) -> str:
    return f"{FILE} was left aside ({why}): ratings of the same second stay in the shipped order."
