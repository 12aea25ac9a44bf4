"""Who follows which live channel on Twitch: no times; channels describe themselves."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bench.base import Interactions, Item, interactions


def read(data: Path) -> Interactions:
    """222,131 follows of 10,985 users on 1,904 channels."""
    folder = data / "twitch-follows"
    follows = pl.read_csv(folder / "follows_train.csv.gz")
    frame = follows.with_row_index("place").select(
        user=pl.col("user_idx").cast(pl.String),
        item=pl.col("streamer").cast(pl.String),
        time=pl.lit(None, pl.Int64),
        value=pl.lit(1.0),
        place=pl.col("place").cast(pl.Int64),
    )
    return interactions(frame, _channels(folder))


def _channels(folder: Path) -> dict[str, Item]:
    about = pl.read_csv(folder / "streamer_info.csv").select(
        "name", "language", "channel_description"
    )
    games = pl.read_csv(folder / "appdata.csv").select("name", "game1", "game2")
    joined = about.join(games.unique("name"), on="name", how="left", maintain_order="left")
    channels = {}
    for name, language, words, *played in joined.iter_rows():
        tags = tuple(word for word in (language, *played) if word)
        text = ". ".join(part for part in (", ".join(tags), words) if part)
        channels[name] = Item(name, name, text, words or "", tags)
    return channels
