"""Regions: a video with a list of regions is shown only there. Never relaxed."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from vireo.arrays import Bools
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule


class Region(EligibilityRule):
    """Column `regions`; users without a region see videos without regions only."""

    name: ClassVar[str] = "region"

    def applies(self) -> bool:
        return not self.catalogue.labels("regions").bare.all()

    def mask(self, query: Query) -> Bools | None:
        labels = self.catalogue.labels("regions")
        return labels.bare | labels.carrying(
            [query.attributes.region] if query.attributes.region else []
        )

    def key(self, query: Query) -> Hashable:
        return (query.attributes.region or "").strip().lower()
