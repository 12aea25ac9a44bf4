"""API keys: shown once, stored as a hash, compared in constant time.

A token reads `vireo_<id>_<secret>`. The secret has 256 random bits, so one SHA-256 is enough: there
is nothing to guess that a slow hash would have to protect.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterable

from vireo.errors import InputError
from vireo.server.base import Principal
from vireo.store.base import Key, Keys, Scope
from vireo.store.validation import check_text

PREFIX = "vireo"
MAX_NAME = 100


def make_key(name: str, scope: Scope, user_id: str | None, moment: int) -> tuple[Key, str]:
    """A new key and its token; `moment` in milliseconds since 1970 UTC.

    Raises InputError where a viewer's key names no user, or another kind names one.
    """
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(
            f"'{name:.120}' cannot be the name of a key.", f"Write 1 to {MAX_NAME} letters."
        )
    if (scope == "viewer") != (user_id is not None):
        raise InputError(
            "A viewer key grants one user's data; other keys grant all users' data.",
            "Type `vireo keys add NAME --scope viewer --user ID`, or leave --user out.",
        )
    if user_id is not None:
        check_text("user_id", user_id)
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = Key(key_id, name.strip(), scope, user_id, _digest(secret), moment)
    return key, f"{PREFIX}_{key_id}_{secret}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class KeyRing:
    """The valid keys in memory; `refresh` takes in what was added or revoked."""

    def __init__(self, store: Keys, known_as: Callable[[str], str] = str) -> None:
        self._store = store
        self._known_as = known_as
        self._keys: dict[str, Key] = {}
        self._turn = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        with self._turn:
            self._keys = _valid(self._store.all_keys())

    def __len__(self) -> int:
        return len(self._keys)

    def holds(self, caller: Principal) -> bool:
        """Whether the caller's key is still valid."""
        return caller.name.partition(" ")[0] in self._keys

    def caller(self, token: str) -> Principal | None:
        """The valid key of a token; None if there is none."""
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        key = self._keys.get(key_id)
        # An unknown id is compared too, so that the time says nothing about which ids exist.
        expected = key.digest if key is not None else "0" * 64
        if not hmac.compare_digest(_digest(secret), expected) or key is None or prefix != PREFIX:
            return None
        return Principal(f"{key.key_id} {key.name}", key.scope, key.user_id, self._known_as)


def _valid(keys: Iterable[Key]) -> dict[str, Key]:
    return {key.key_id: key for key in keys if key.revoked_at is None}
