"""Cache of text embeddings by model and text, one SQLite file; safe to delete."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from vireo.arrays import Floats
from vireo.errors import VireoError

_TABLE = """CREATE TABLE IF NOT EXISTS vectors (
    model TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, text)
) WITHOUT ROWID"""
_MAX_KEYS = 500


def key_of(text: str) -> bytes:
    """Key of a text: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8")).digest()


class VectorCache:
    """(fingerprint, text) -> vector. A write is one transaction, so a kill loses one batch.

    A connection lives for one call, so that threads and processes may share the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, model: str, keys: Collection[bytes]) -> dict[bytes, Floats]:
        """The known vectors among `keys`; the others are absent."""
        known: dict[bytes, Floats] = {}
        missing = sorted(keys)
        with opened(self.path, _TABLE) as connection:
            for start in range(0, len(missing), _MAX_KEYS):
                some = missing[start : start + _MAX_KEYS]
                marks = ",".join("?" * len(some))
                query = f"SELECT text, vector FROM vectors WHERE model = ? AND text IN ({marks})"
                for key, blob in connection.execute(query, (model, *some)):
                    known[key] = np.frombuffer(blob, dtype="<f4")
        return known

    def put(self, model: str, vectors: Mapping[bytes, Floats]) -> None:
        rows = [(model, key, row.astype("<f4").tobytes()) for key, row in vectors.items()]
        with opened(self.path, _TABLE) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)


@contextmanager
def opened(path: Path, table: str) -> Iterator[sqlite3.Connection]:
    """A connection to a cache file that holds `table`; raises VireoError where it cannot be used.

    A file that is no database is replaced: a cache may be thrown away.
    """
    try:
        with closing(_connected(path, table)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise VireoError(
            f"The cache {path} cannot be used: {error}.",
            "Delete that file, or free some disk space; its content is computed again.",
        ) from None


def _connected(path: Path, table: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=60)
    try:
        connection.execute(table)
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        connection.close()
        path.unlink()
        connection = sqlite3.connect(path, timeout=60)
        connection.execute(table)
    return connection
