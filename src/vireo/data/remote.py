"""Files by URL, wherever fsspec reads: http, s3, memory and others; fetched one at a time."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import fsspec

from vireo.artifacts.files import digest_of_json

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_VERSION_FIELDS = (
    *("size", "etag", "mtime", "created", "lastmodified", "contentmd5", "md5hash"),
    *("checksum", "digest", "crc32c", "generation", "versionid"),
)
"""Fields of a file's status that change with its content, letters only."""
_CHUNK = 1_000_000


class CannotFetch(Exception):
    """The file at a URL cannot be fetched."""


def is_url(path: str) -> bool:
    return URL.match(path) is not None


def identity(url: str) -> str | None:
    """Digest of the URL and of its size, time and checksums; None if it is unavailable.

    The content is not read: if the file system reports only a size, a change of equal length is
    not noticed.
    """
    try:
        system, path = fsspec.url_to_fs(url)
        status = system.info(path)
    except Exception:  # every file system has its own errors
        return None
    if status.get("type", "file") != "file":
        return None
    names = {name: re.sub("[^a-z0-9]", "", name.lower()) for name in status}
    version = {names[name]: str(status[name]) for name in status if names[name] in _VERSION_FIELDS}
    return digest_of_json([url, version])


@contextmanager
def local(path: str, most: int) -> Iterator[Path]:
    """A local path as it is; a URL as a temporary file of at most `most` bytes.

    Raises CannotFetch. The file is gone afterwards: disk space is bounded by one file per worker.
    """
    if not is_url(path):
        yield Path(path)
        return
    ending = PurePosixPath(urlsplit(path).path).suffix[:8]
    with tempfile.NamedTemporaryFile(prefix="vireo-", suffix=ending) as file:
        _copy(path, file, most)
        file.flush()
        yield Path(file.name)


def _copy(url: str, file: Any, most: int) -> None:
    try:
        with fsspec.open(url, "rb") as source:
            left = most
            while piece := source.read(_CHUNK):
                left -= len(piece)
                if left < 0:
                    break
                file.write(piece)
    except Exception as error:  # every file system has its own errors
        text = " ".join(str(error).split()) or type(error).__name__
        raise CannotFetch(f"{url} cannot be fetched: {text}"[:300]) from None
    if left < 0:
        raise CannotFetch(f"{url} is larger than {most // 1_000_000} MB (video.max_download_mb)")
