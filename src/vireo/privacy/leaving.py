"""A published build without the viewers who were forgotten after it: their counts, their weight.

An expert that can be downdated exactly says so by having `without`; the others are fitted anew by
the next build. Until then no history of a forgotten viewer is read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import DAY, NO_TIME, History
from vireo.interest.base import Expert, InterestModel
from vireo.published import Published
from vireo.recommend.catalogue import Catalogue


@runtime_checkable
class Downdatable(Protocol):
    """An expert from which viewers can be taken out without fitting it anew."""

    def without(self, histories: Sequence[History]) -> Expert:
        """The expert that fitting without these viewers would have given; raises nothing."""
        ...


def without_viewers(base: Published, users: Collection[str], recent_days: float) -> Published:
    """The build as if these viewers had not been counted; the same object where none was.

    `recent_days` is the window of `Catalogue.recent`, in days before the last known event.
    """
    rows = sorted(row for user in users if (row := base.histories.row_of.get(user)) is not None)
    if not rows:
        return base
    gone = [base.histories.row(row) for row in rows]
    since = base.histories.now - int(recent_days * DAY)
    return base.changed(
        model=downdated(base.model, gone), catalogue=_uncounted(base.catalogue, gone, since)
    )


def downdated(model: InterestModel, gone: Sequence[History]) -> InterestModel:
    """The model whose experts forgot these viewers, as far as they can; weights stay."""
    experts = {
        name: expert.without(gone) if isinstance(expert, Downdatable) else expert
        for name, expert in model.experts.items()
    }
    return replace(model, experts=experts)


def _uncounted(catalogue: Catalogue, gone: Sequence[History], since: int) -> Catalogue:
    """The catalogue whose counts leave these viewers out."""
    viewers, recent = catalogue.viewers.copy(), catalogue.recent.copy()
    for history in gone:
        wanted = history.liked
        viewers[np.unique(wanted.videos)] -= 1
        recent[_lately(wanted, since)] -= 1
    return catalogue.counting(viewers, recent)


def _lately(wanted: History, since: int) -> Ints:
    """Distinct videos since a moment (ms); events without a time belong to no period."""
    return np.unique(wanted.videos[(wanted.times >= max(since, 0)) & (wanted.times != NO_TIME)])
