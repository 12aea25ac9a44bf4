"""Limits of requests, and the authenticated caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vireo.store.base import Scope

MAX_K = 200
"""Length of a list."""
MAX_BATCH = 1_000
"""Events in one request."""
MAX_TEXT = 1_000
"""Characters of a sentence, a title, a comment; descriptions and transcripts have limits of
their own."""
MAX_WORDS = 100_000
"""Characters of a description or a transcript."""


@dataclass(frozen=True)
class Principal:
    """Sender of a request."""

    name: str
    """The key's id and name; `local` where no key is needed."""
    scope: Scope
    user_id: str | None = None
    """For `viewer`: the only user whose data may be seen and written, by the name that is kept."""
    known_as: Callable[[str], str] = field(default=str, compare=False, repr=False)
    """User id -> the name that is kept."""

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do what needs this scope."""
        return _ORDER.index(self.scope) >= _ORDER.index(scope)

    def may_act_for(self, user_id: str) -> bool:
        """Whether the caller may read and write this user's data."""
        return self.may("service") or self.user_id == self.known_as(user_id)


_ORDER: tuple[Scope, ...] = ("viewer", "service", "owner")
LOCAL = Principal("local", "owner")
"""Any user of this machine, while there are no keys."""
