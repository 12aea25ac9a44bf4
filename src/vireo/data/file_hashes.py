"""Media files -> sha256 of their bytes, remembered by path, size and time of change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from vireo.artifacts.files import digest_of_file, read_json, write_json
from vireo.data.base import MEDIA_SCHEMA
from vireo.data.remote import identity, is_url
from vireo.engine.progress import NullProgress, Progress

CACHE = "digests.json"


def with_digests(
    media: pl.DataFrame, cache: Path, progress: Progress | None = None
) -> pl.DataFrame:
    """The media rows with `digest` and `subtitles_digest`, null for files that can't be read."""
    paths = [path for path in (*media["path"], *media["subtitles"]) if path is not None]
    known = digests(dict.fromkeys(paths), cache, progress or NullProgress())

    def of(column: str) -> pl.Series:
        return pl.Series([known.get(path) for path in media[column]], dtype=pl.String)

    filled = media.with_columns(
        of("path").alias("digest"), of("subtitles").alias("subtitles_digest")
    )
    return filled.select(list(MEDIA_SCHEMA))


def digests(paths: Iterable[str], cache: Path, progress: Progress) -> dict[str, str | None]:
    """Path -> sha256; only files that are new or changed since the last call are read.

    Of a URL the identity (see remote.py).

    Pipes and devices are never opened, for reading them might not end.
    """
    paths = list(paths)
    remembered = read_json(cache / CACHE) or {}
    fresh = dict(remembered)
    found: dict[str, str | None] = {}
    with progress.task("reading files", len(paths)) as tick:
        for path in paths:
            if is_url(path):  # asked anew each time: only its file system knows what changed
                found[path] = identity(path)
                tick()
                continue
            entry = _entry(Path(path), remembered.get(path))
            found[path] = None if entry is None else str(entry[2])
            if entry is not None:
                fresh[path] = entry
            tick()
    if fresh != remembered:
        cache.mkdir(parents=True, exist_ok=True)
        write_json(cache / CACHE, fresh)
    return found


def _entry(path: Path, remembered: object) -> list[int | str] | None:
    """[size, time of change in ns, sha256] of a file, or None where it can't be read."""
    try:
        if not path.is_file():
            return None
        state = path.stat()
        if isinstance(remembered, list) and remembered[:2] == [state.st_size, state.st_mtime_ns]:
            return remembered
        return [state.st_size, state.st_mtime_ns, digest_of_file(path)]
    except OSError:
        return None
