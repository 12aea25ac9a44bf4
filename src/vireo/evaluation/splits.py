"""A split as one file with a checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from vireo.artifacts.files import digest_of_json
from vireo.errors import InputError

COLUMNS = ("user_id", "video_id", "event", "timestamp", "value", "sequence")
"""Of each event, beside `part`: `train` or `heldout`."""
_HASHED = ("part", "user_id", "video_id", "event", "timestamp")
_ROWS = 200_000
"""Rows hashed at once."""


def split_frame(training: pl.DataFrame, heldout: pl.DataFrame) -> pl.DataFrame:
    """Both parts in one table, each in its own order."""
    return pl.concat(
        frame.select(pl.lit(part).alias("part"), *COLUMNS)
        for part, frame in (("train", training), ("heldout", heldout))
    )


def digest_of(frame: pl.DataFrame) -> str:
    """sha256 of part, user, video, event and moment of every row, in order, as JSON lines.

    It depends on what the file says, not on how a version of a library writes Parquet.
    """
    digest = hashlib.sha256()
    for start in range(0, len(frame), _ROWS):
        lines = frame[start : start + _ROWS].select(pl.struct(_HASHED).struct.json_encode())
        digest.update("\n".join([*lines.to_series().to_list(), ""]).encode("utf-8"))
    return digest.hexdigest()


def digest_of_several(digests: Sequence[str]) -> str:
    """One checksum for a split with several cutoffs."""
    return digests[0] if len(digests) == 1 else digest_of_json(list(digests))


def save_split(frame: pl.DataFrame, path: Path) -> str:
    """Write a Parquet file for peers to read; returns its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    return digest_of(frame)


def load_split(path: Path, sha256: str | None = None) -> pl.DataFrame:
    """Read a split's file; raises InputError if it is none, or has another checksum."""
    try:
        frame = pl.read_parquet(path, columns=["part", *COLUMNS])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"{path} is no split: {str(error).splitlines()[0]}",
            "Make one: `vireo evaluate --save-split FILE`.",
        ) from error
    if sha256 is not None and (found := digest_of(frame)) != sha256:
        raise InputError(
            f"{path} is another split: its checksum is {found}, not {sha256}.",
            "Use the file that the result was measured on.",
        )
    return frame
