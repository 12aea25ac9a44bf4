"""A published build without the viewers who were forgotten after it: their counts, their weight.

Experts that can be downdated exactly are (`InterestModel.without`); the others are fitted anew by
the next build. Until then no history of a forgotten viewer is read.
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
        wanted = history.positives
        viewers[np.unique(wanted.videos)] -= 1
        recent[_lately(wanted, since)] -= 1
    return catalogue.with_counts(viewers, recent)


def _lately(wanted: History, since: int) -> Ints:
    """Distinct videos since a moment (ms); events without a time belong to no period."""
    return np.unique(wanted.videos[(wanted.times >= max(since, 0)) & (wanted.times != NO_TIME)])
