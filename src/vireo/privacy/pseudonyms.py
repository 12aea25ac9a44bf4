"""Pseudonyms: names under which viewers are kept, so that no file and no table holds their ids.

A pseudonym is a keyed hash (HMAC-SHA256) of the id, and ends in a keyed check of itself. By the
check a pseudonym is known for one, so that naming twice is naming once: callers may send either.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import polars as pl

from vireo.errors import ConfigError
from vireo.store.base import ONE

KEY_FILE = "pseudonyms.key"
"""In the workspace, unless [privacy] key_file names another place."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SHAPE = re.compile(r"p-[0-9a-f]{40}")
_BODY, _CHECK = 32, 8
_KEY_BYTES = 32


class Pseudonyms:
    """Ids of viewers -> the names under which they are kept; the same key gives the same names."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def fingerprint(self) -> str:
        """Tells keys apart and gives nothing of the key away."""
        return self._digest("key", "")[:_BODY]

    def of(self, user_id: str) -> str:
        """The pseudonym of an id; a pseudonym of this key stays what it is."""
        if _SHAPE.fullmatch(user_id) and hmac.compare_digest(user_id, self._spelled(user_id[2:34])):
            return user_id
        return self._spelled(self._digest("id", user_id)[:_BODY])

    def _spelled(self, body: str) -> str:
        return f"p-{body}{self._digest('check', body)[:_CHECK]}"

    def _digest(self, purpose: str, text: str) -> str:
        said = f"{purpose}\0{text}".encode("utf-8", "replace")
        return hmac.digest(self._key, said, "sha256").hex()

    def groups(self, access: Sequence[str]) -> tuple[str, ...]:
        """Groups that may open a video; `user:ID` is named by its pseudonym."""
        return tuple(self._group(group) for group in access)

    def _group(self, group: str) -> str:
        # As it is spelled: `User:ana` opens nothing to ana, and must not begin to.
        word, who = group[: len(ONE)], group[len(ONE) :]
        return f"{word}{self.of(who)}" if word.lower() == ONE and who else group

    def frames(self, frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """The tables of a source without an id of a viewer.

        The text of refused rows goes: a row that could not be read may name anybody anywhere.
        """
        users = {name: self._users(frames[name]) for name in ("events", "comments")}
        rejects = frames["rejects"].with_columns(raw=pl.lit(None, pl.String))
        return {**frames, **users, "videos": self._videos(frames["videos"]), "rejects": rejects}

    def _users(self, frame: pl.DataFrame) -> pl.DataFrame:
        ids = frame["user_id"].drop_nulls().unique().to_list()
        names = pl.col("user_id").replace_strict(
            ids, [self.of(user) for user in ids], default=None, return_dtype=pl.String
        )
        return frame.with_columns(names if ids else pl.col("user_id"))

    def _videos(self, frame: pl.DataFrame) -> pl.DataFrame:
        access = [None if row is None else list(self.groups(row)) for row in frame["access"]]
        return frame.with_columns(pl.Series("access", access, dtype=pl.List(pl.String)))


def read_key(path: Path) -> bytes | None:
    """The key of a file; None where there is no file.

    Raises ConfigError for a file that others may read, or that holds no key.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The key of the pseudonyms cannot be read: {error}", "") from None
    if mode & OTHERS:
        raise ConfigError(
            f"Others than its owner may read {path}: mode {stat.S_IMODE(mode):o}.",
            f"chmod 600 {path}",
        )
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ConfigError(
            f"{path} holds no key.", "It is one line of 64 hexadecimal digits: take your backup."
        )
    return bytes.fromhex(text)


def make_key(path: Path) -> bytes:
    """A new key in a file that only its owner may read; an existing file is read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)  # whole or not at all, and never over another's
    finally:
        temporary.unlink(missing_ok=True)
    key = read_key(path)
    assert key is not None
    return key
