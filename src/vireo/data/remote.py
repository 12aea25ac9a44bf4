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
_TELLING = (
    *("size", "etag", "mtime", "created", "lastmodified", "contentmd5", "md5hash"),
    *("checksum", "digest", "crc32c", "generation", "versionid"),
)
"""What file systems say that changes with the content, letters only."""
_CHUNK = 1_000_000


class CannotFetch(Exception):
    """The file behind a URL cannot be had; the text says why."""


def is_url(path: str) -> bool:
    return URL.match(path) is not None


def identity(url: str) -> str | None:
    """A name for the content behind a URL without reading it, or None where it cannot be had.

    Made of the URL and of size, time and checksums as far as its file system tells them; where
    it tells nothing but the size, other content of the same length is not noticed.
    """
    try:
        system, path = fsspec.url_to_fs(url)
        told = system.info(path)
    except Exception:  # every file system has its own errors
        return None
    if told.get("type", "file") != "file":
        return None
    names = {name: re.sub("[^a-z0-9]", "", name.lower()) for name in told}
    telling = {names[name]: str(told[name]) for name in told if names[name] in _TELLING}
    return digest_of_json([url, telling])


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
