"""Blocklist: creators, topics and videos blocked by the owner, or by a user for themselves."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.eligibility import EligibilityRule


class Blocklist(EligibilityRule):
    """A blocked word bars every video with that creator, topic, category or tag."""

    name: ClassVar[str] = "blocklist"

    def mask(self, query: Query) -> Bools | None:
        own = [preference.blocks for preference in query.preferences if preference.blocks]
        if not own:
            return None if self._by_owner.all() else self._by_owner
        return self._by_owner & ~carrying(self.catalogue, own)

    def key(self, query: Query) -> Hashable:
        return tuple(sorted({one.blocks for one in query.preferences if one.blocks}))

    @cached_property
    def _by_owner(self) -> Bools:
        """(n,) what the owner does not block."""
        owner = self.section.owner
        barred = self.catalogue.labels("creator").carrying(owner.blocked_creators)
        barred |= about(self.catalogue, owner.blocked_topics)
        barred[self.catalogue.rows_of(owner.blocked_videos)] = True
        return ~barred


def about(catalogue: Catalogue, words: Sequence[str]) -> Bools:
    """Videos whose topic, category or a tag is one of the words. (n,)"""
    found = np.zeros(len(catalogue), dtype=np.bool_)
    for column in ("topic", "category", "tags") if words else ():
        found |= catalogue.labels(column).carrying(words)
    return found


def carrying(catalogue: Catalogue, words: Sequence[str]) -> Bools:
    """Videos whose topic, category, tag or creator is one of the words. (n,)"""
    return about(catalogue, words) | catalogue.labels("creator").carrying(words)
