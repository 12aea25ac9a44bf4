"""Access rights: only users in a video's groups, or named by it, may see it. Never relaxed."""

from __future__ import annotations

from typing import ClassVar

from vireo.arrays import Bools
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule
from vireo.store.base import ONE


class AccessGroups(EligibilityRule):
    """The column `access` names groups; a video without it is open, or `audience.closed`."""

    name: ClassVar[str] = "access"

    def applies(self) -> bool:
        return (
            self.section.audience.deny_by_default or not self.catalogue.labels("access").bare.all()
        )

    def mask(self, query: Query) -> Bools | None:
        labels = self.catalogue.labels("access")
        allowed = labels.carrying(self.key(query))
        return allowed if self.section.audience.deny_by_default else allowed | labels.bare

    def key(self, query: Query) -> tuple[str, ...]:
        """Those of the viewer's groups that any video names."""
        # A group that calls itself `user:ana` must not open what is ana's alone.
        groups = [g for g in query.attributes.groups if not g.strip().lower().startswith(ONE)]
        mine = [query.right] if query.right else []
        named = self.catalogue.labels("access").rows_of
        return tuple(sorted({g.strip() for g in (*groups, *mine)} & named.keys()))
