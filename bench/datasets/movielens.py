"""MovieLens-1M: 1,000,209 ratings in each user's true order, and what is told of the films."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl

from bench.base import Interactions, Item, interactions

EXACT_USERS = 2999
"""The times of users 1 to 2999 are the original ones."""


def read(data: Path, *, exact_users_only: bool = False) -> Interactions:
    """Every rating as one event of value 1, as in the published figures.

    With ratings_provenance.parquet a user's order is `user_seq_pos`; without it, the times of
    ratings.dat, ties in the shipped order.
    """
    ratings = _ratings(data / "ml-1m")
    if exact_users_only:
        ratings = ratings.filter(pl.col("user").cast(pl.Int64) <= EXACT_USERS)
    return interactions(ratings, _films(data), exact_times=exact_users_only)


def plots(data: Path) -> pl.DataFrame:
    """What movie-text tells of the films that have a text there, a row each, by `movie_id`."""
    movies = (data / "ml-1m" / "movies.dat").read_text(encoding="latin-1").splitlines()
    ids = {int(line.split("::")[0]) for line in movies}
    frame = pl.read_parquet(data / "movie-text" / "movie_text.parquet")
    return frame.filter(pl.col("movie_id").is_in(ids), pl.col("text").is_not_null())


def _ratings(folder: Path) -> pl.DataFrame:
    """user, item, time, value, place in the shipped order."""
    ordered = folder / "ratings_provenance.parquet"
    if ordered.is_file():
        shipped = pl.read_parquet(ordered).rename({"movie_id": "item", "user_id": "user"})
        place = pl.col("user_seq_pos").cast(pl.Int64)
    else:
        with gzip.open(folder / "ratings.dat.gz", "rt", encoding="ascii") as file:
            fields = [line.rstrip("\n").split("::") for line in file]
        shipped = pl.DataFrame(fields, schema=["user", "item", "rating", "timestamp"], orient="row")
        place = pl.col("timestamp").cast(pl.Int64)
    return shipped.select(
        user=pl.col("user").cast(pl.String),
        item=pl.col("item").cast(pl.String),
        time=pl.col("timestamp").cast(pl.Int64),
        value=pl.lit(1.0),
        place=place,
    )


def _films(data: Path) -> dict[str, Item]:
    told = {}
    texts = data / "movie-text" / "movie_text.parquet"
    if texts.is_file():
        told = {str(row["movie_id"]): row for row in pl.read_parquet(texts).iter_rows(named=True)}
    films = {}
    lines = (data / "ml-1m" / "movies.dat").read_text(encoding="latin-1").splitlines()
    for line in lines:
        film, title, genres = line.split("::")
        films[film] = _film(film, title, genres.split("|"), told.get(film, {}))
    return films


def _film(film: str, title: str, genres: list[str], told: dict[str, str | None]) -> Item:
    people = [
        f"{word} {names}."
        for word, key in (("Directed by", "director"), ("With", "cast"))
        if (names := told.get(key))
    ]
    description = " ".join([*people, told.get("text") or ""]).strip()
    keywords = [word for word in (told.get("keywords_tmdb") or "").split("|") if word]
    tags = tuple(dict.fromkeys([*genres, *keywords]))
    return Item(film, title, f"{', '.join(tags)}. {description}".strip(), description, tags)
