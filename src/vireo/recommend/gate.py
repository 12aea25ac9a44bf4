"""The gate: which videos the rules let through for one viewer, settled before anything is scored.

Rules that bar videos are asked first, over the whole catalogue, so that a strict one cannot leave
a list short while videos that it allows are there. Rules that may give way (`recommend.relax`) do
so, one by one, only where the list would be empty; the list then says which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools
from vireo.recommend.base import Query, Slate, Step
from vireo.recommend.shelves import Shelves

SECRET = ("rights", "blocks", "age")
"""What these bar is not even named, be it in the viewer's own history."""
PROTECTING = ("rights", "blocks", "age", "region", "window")
"""Rules that always hold, listed in the config or not."""


class Filter(ABC):
    """A rule that bars videos. It needs `open` alone; as a Step it removes what is not open."""

    name: ClassVar[str]
    """As on the menu."""

    def __init__(self, shelves: Shelves) -> None:
        self.catalogue = shelves.catalogue
        self.section = shelves.section

    @abstractmethod
    def open(self, query: Query) -> Bools | None:
        """(n,) true for the videos that this viewer may be shown now; None: all of them."""

    def __call__(self, query: Query, slate: Slate) -> Slate:
        allowed = self.open(query)
        return slate if allowed is None else slate.take(allowed[slate.videos])


class Gate:
    """All rules that bar videos, as one question."""

    def __init__(self, shelves: Shelves, rules: Sequence[Step]) -> None:
        self._n = len(shelves.catalogue)
        self.filters = [rule for rule in rules if isinstance(rule, Filter)]
        soft = set(shelves.section.relax) - set(PROTECTING)
        self._strict = [rule for rule in self.filters if rule.name not in soft]
        self._soft = [rule for rule in self.filters if rule.name in soft]

    def admit(self, query: Query) -> tuple[Query, tuple[str, ...]]:
        """The query with `open` set, and what is to be said about it."""
        allowed = np.ones(self._n, dtype=np.bool_)
        allowed[np.fromiter(query.exclude, dtype=np.int64, count=len(query.exclude))] = False
        for rule in self._strict:
            mask = rule.open(query)
            if mask is None:
                continue
            had = allowed.any()
            allowed &= mask
            if had and not allowed.any():
                return replace(query, open=allowed), (_emptied(rule.name),)
        notes = []
        for rule in self._soft:
            mask = rule.open(query)
            if mask is None or not allowed.any():
                continue
            if (allowed & mask).any():
                allowed &= mask
            else:
                notes.append(f"The rule '{rule.name}' gave way: it would have left nothing.")
        return replace(query, open=allowed), tuple(notes)

    def named(self, query: Query) -> Query:
        """The query with `nameable` set."""
        secret = [rule.open(query) for rule in self._strict if rule.name in SECRET]
        masks = [mask for mask in secret if mask is not None]
        if not masks:
            return query
        return replace(query, nameable=np.logical_and.reduce(masks))

    def protected(self, query: Query) -> Bools:
        """(n,) what the rules that protect let through, whatever the others say."""
        allowed = np.ones(self._n, dtype=np.bool_)
        for rule in self._strict:
            mask = rule.open(query) if rule.name in PROTECTING else None
            if mask is not None:
                allowed &= mask
        return allowed


def _emptied(name: str) -> str:
    if name == "seen":
        return "This viewer has seen everything that they may see."
    return f"The rule '{name}' leaves nothing for this viewer, and it does not give way."
