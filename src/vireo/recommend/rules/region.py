"""Regions: a video with a list of regions is shown only there. Never gives way."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from vireo.arrays import Bools
from vireo.recommend.base import Query
from vireo.recommend.eligibility import Filter


class Region(Filter):
    """The column `regions`; viewers whose region nobody told see what is shown everywhere."""

    name: ClassVar[str] = "region"

    def open(self, query: Query) -> Bools | None:
        labels = self.catalogue.labels("regions")
        if labels.bare.all():
            return None
        return labels.bare | labels.carrying([query.viewer.region] if query.viewer.region else [])

    def key(self, query: Query) -> Hashable:
        return (query.viewer.region or "").strip().lower()
