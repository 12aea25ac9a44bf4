"""SHA-256 of media files, cached by path, size and modification time."""

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
    """SHA-256 by path; reads only files that are new or changed. For a URL: `remote.identity`.

    Pipes and devices are never opened: a read may not end.
    """
    paths = list(paths)
    cached = read_json(cache / CACHE) or {}
    fresh = dict(cached)
    found: dict[str, str | None] = {}
    with progress.task("reading files", len(paths)) as tick:
        for path in paths:
            if is_url(path):  # never cached: only its file system knows of a change
                found[path] = identity(path)
                tick()
                continue
            entry = _entry(Path(path), cached.get(path))
            found[path] = None if entry is None else str(entry[2])
            if entry is not None:
                fresh[path] = entry
            tick()
    if fresh != cached:
        cache.mkdir(parents=True, exist_ok=True)
        write_json(cache / CACHE, fresh)
    return found


def _entry(path: Path, cached: object) -> list[int | str] | None:
    """[size, modification time in ns, sha256], or None for an unreadable file."""
    try:
        if not path.is_file():
            return None
        state = path.stat()
        if isinstance(cached, list) and cached[:2] == [state.st_size, state.st_mtime_ns]:
            return cached
        return [state.st_size, state.st_mtime_ns, digest_of_file(path)]
    except OSError:
        return None
