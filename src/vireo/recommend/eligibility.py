"""Eligibility: the videos that the rules allow for one user, before any scoring.

Eligibility rules apply to the whole catalogue, so that a strict one cannot leave a list short while
it allows other videos. If a list would be empty, rules of `recommend.relaxable_rules` are dropped
one by one, and a note of the list names them.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.recommend.base import Query, Slate, Step
from vireo.recommend.context import StepContext

NON_DISCLOSABLE_RULES = ("access", "blocklist", "age")
"""Reasons name no video that these exclude, even from the user's own history."""
MANDATORY_RULES = ("access", "blocklist", "age", "region", "availability")
"""Rules that always hold, listed in the config or not."""
_MAX_BYTES = 64 * 2**20
"""Size of the mask cache."""


class EligibilityRule(ABC):
    """A rule that excludes videos. Subclasses define `mask`; as a Step it filters the slate.

    A mask may not depend on user counts: these change while a build is served, cached masks do not.
    """

    name: ClassVar[str]
    """Name in the registry."""

    def __init__(self, context: StepContext) -> None:
        self.catalogue = context.catalogue
        self.section = context.section

    def applies(self) -> bool:
        """Whether the catalogue and the settings give the rule anything to exclude.

        A rule that does not apply is never called.
        """
        return True

    @abstractmethod
    def mask(self, query: Query) -> Bools | None:
        """(n,) true for the videos that this viewer may be shown now; None: all of them."""

    def key(self, query: Query) -> Hashable:
        """Cache key: users with equal keys have equal masks. None: not cached."""
        return None

    def narrow(self, query: Query, allowed: Bools) -> None:
        """Clear the excluded videos in `allowed` (n,), in place."""
        mask = self.mask(query)
        if mask is not None:
            allowed &= mask

    def __call__(self, query: Query, slate: Slate) -> Slate:
        allowed = self.mask(query)
        return slate if allowed is None else slate.take(allowed[slate.videos])


class EligibilityFilter:
    """All eligibility rules as one mask.

    Most rules depend on little (age, region, minute), so combined masks are cached by key.
    """

    def __init__(self, context: StepContext, rules: Sequence[Step]) -> None:
        self._n = len(context.catalogue)
        self.filters = [
            rule for rule in rules if isinstance(rule, EligibilityRule) and rule.applies()
        ]
        soft = set(context.section.relaxable_rules) - set(MANDATORY_RULES)
        self._strict = [rule for rule in self.filters if rule.name not in soft]
        self._secret = [rule for rule in self._strict if rule.name in NON_DISCLOSABLE_RULES]
        self._soft = [rule for rule in self.filters if rule.name in soft]
        self._cache = _MaskCache(self._n)

    def apply(self, query: Query) -> tuple[Query, tuple[str, ...]]:
        """The query with `eligible` and `visible` set, and notes for the list."""
        keys = self._keys(query, self.filters)
        visible, allowed = self._visible(query, keys), self._left(query, self.filters, keys)
        allowed[_excluded(query)] = False
        if allowed.any():
            return query.replace(eligible=allowed, visible=visible), ()
        return self._one_by_one(query.replace(visible=visible))

    def left(self, query: Query) -> Bools:
        """(n,) videos that all rules allow, as a new array; no rule is relaxed."""
        allowed = self._left(query, self.filters, self._keys(query, self.filters))
        allowed[_excluded(query)] = False
        return allowed

    @staticmethod
    def _keys(query: Query, rules: Sequence[EligibilityRule]) -> dict[str, Hashable]:
        return {rule.name: rule.key(query) for rule in rules}

    def kind(self, query: Query) -> tuple[Hashable, Bools | None]:
        """Keys of the rules for this user, and (n,) the videos that rules with keys allow.

        None: all. Read-only: users with equal keys share it.
        """
        keys = [(rule, rule.key(query)) for rule in self.filters]
        kept = [rule for rule, key in keys if key is not None]
        kind = tuple((rule.name, key) for rule, key in keys if key is not None)
        return kind, self._together(query, kept, kind)

    def _one_by_one(self, query: Query) -> tuple[Query, tuple[str, ...]]:
        """Eligibility if nothing is left: relax rules, or name the one that excludes all."""
        allowed = np.ones(self._n, dtype=np.bool_)
        allowed[_excluded(query)] = False
        for rule in self._strict:
            had = allowed.any()
            rule.narrow(query, allowed)
            if had and not allowed.any():
                return replace(query, eligible=allowed), (_emptied(rule.name),)
        notes = []
        for rule in self._soft if allowed.any() else ():
            left = allowed.copy()
            rule.narrow(query, left)
            if left.any():
                allowed = left
            else:
                notes.append(f"The rule '{rule.name}' gave way: it would have left nothing.")
        return replace(query, eligible=allowed), tuple(notes)

    def named(self, query: Query) -> Query:
        """The query with `visible` set."""
        return query.replace(visible=self._visible(query, self._keys(query, self._secret)))

    def _visible(self, query: Query, keys: Mapping[str, Hashable]) -> Bools | None:
        """(n,) videos that reasons may name; None: all."""
        own = tuple((rule.name, keys[rule.name]) for rule in self._secret)
        if any(key is None for _, key in own):
            return self._left(query, self._secret, keys)
        return self._together(query, self._secret, own)

    def protected(self, query: Query) -> Bools:
        """(n,) videos that the mandatory rules allow."""
        rules = [rule for rule in self._strict if rule.name in MANDATORY_RULES]
        return self._left(query, rules, self._keys(query, rules))

    def _left(
        self, query: Query, rules: Sequence[EligibilityRule], keys: Mapping[str, Hashable]
    ) -> Bools:
        """(n,) videos that these rules allow, as a new array."""
        kept = [rule for rule in rules if keys[rule.name] is not None]
        mask = self._together(query, kept, tuple((rule.name, keys[rule.name]) for rule in kept))
        allowed = np.ones(self._n, dtype=np.bool_) if mask is None else mask.copy()
        for rule in rules:
            if keys[rule.name] is None:
                rule.narrow(query, allowed)
        return allowed

    def _together(
        self, query: Query, rules: Sequence[EligibilityRule], keys: Hashable
    ) -> Bools | None:
        """(n,) cached mask of rules with keys, read-only; None: all."""
        found = self._cache.get(keys)
        if found is None:
            masks = [mask for mask in (rule.mask(query) for rule in rules) if mask is not None]
            found = np.logical_and.reduce(masks) if masks else _EVERYTHING
            found.setflags(write=False)
            self._cache.put(keys, found)
        return None if found is _EVERYTHING else found


class _MaskCache:
    """LRU cache of masks by key."""

    def __init__(self, n: int) -> None:
        self._most = max(8, _MAX_BYTES // max(n, 1))
        self._answers: OrderedDict[Hashable, Bools] = OrderedDict()
        self._turn = threading.Lock()

    def get(self, key: Hashable) -> Bools | None:
        with self._turn:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: Hashable, answer: Bools) -> None:
        with self._turn:
            self._answers[key] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)


_EVERYTHING = np.zeros(0, dtype=np.bool_)


def _excluded(query: Query) -> Ints:
    return np.fromiter(query.exclude, dtype=np.int64, count=len(query.exclude))


def _emptied(name: str) -> str:
    if name == "seen":
        return "This viewer has seen everything that they may see."
    return f"The rule '{name}' leaves nothing for this viewer, and it does not give way."
