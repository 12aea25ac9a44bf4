"""A published build without users who were erased after it.

Experts with exact removal lose the user (`InterestModel.without`); the others are fitted again by
the next build. Until then no history of an erased user is read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import DAY, NO_TIME, History
from vireo.recommend.catalogue import Catalogue
from vireo.serving.snapshot import BuildSnapshot


def without_users(base: BuildSnapshot, users: Collection[str], recent_days: float) -> BuildSnapshot:
    """The build as if these viewers had not been counted; the same object where none was.

    `recent_days` is the window of `Catalogue.recent`, in days before the last known event.
    """
    rows = sorted(row for user in users if (row := base.histories.row_of.get(user)) is not None)
    if not rows:
        return base
    gone = [base.histories.row(row) for row in rows]
    since = base.histories.now - int(recent_days * DAY)
    model = base.model
    for history in gone:
        model = model.without(history)
    return base.replace(model=model, catalogue=_uncounted(base.catalogue, gone, since))


def _uncounted(catalogue: Catalogue, gone: Sequence[History], since: int) -> Catalogue:
    """The catalogue whose counts leave these viewers out."""
    viewers, recent = catalogue.user_counts.copy(), catalogue.recent_counts.copy()
    for history in gone:
        positives = history.positives
        viewers[np.unique(positives.videos)] -= 1
        recent[_recent(positives, since)] -= 1
    return catalogue.with_counts(viewers, recent)


def _recent(positives: History, since: int) -> Ints:
    """Distinct videos since a moment (ms); events without a time belong to no period."""
    return np.unique(
        positives.videos[(positives.times >= max(since, 0)) & (positives.times != NO_TIME)]
    )
