"""The rule `distinct-titles`: of candidates with equal titles only the best stays."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class DistinctTitles:
    """A step of the list: (Query, Slate) -> Slate."""

    def __init__(self, context: StepContext) -> None:
        titles = [title.casefold().strip() for title in context.catalogue.titles]
        numbers = {title: number for number, title in enumerate(dict.fromkeys(titles))}
        self._number = np.array([numbers[title] for title in titles], dtype=np.int64)

    def __call__(self, query: Query, slate: Slate) -> Slate:
        _, first = np.unique(self._number[slate.videos], return_index=True)
        return slate.take(np.sort(first))
