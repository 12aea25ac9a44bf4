"""Features of candidates for the learned ranker: scores by source, age, popularity, history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.arrays import Doubles
from vireo.behavior.base import DAY, NO_TIME
from vireo.recommend.base import Query, Slate
from vireo.recommend.catalogue import Catalogue

BESIDES = ("age in days", "minutes", "viewers", "own videos of the creator", "history", "hour")
"""The columns after the sources; what is not known is NaN, which trees can tell apart."""


def features(catalogue: Catalogue, query: Query, slate: Slate, sources: Sequence[str]) -> Doubles:
    """(c, sources + BESIDES) a row per candidate; a source that said nothing is 0."""
    nothing = np.zeros(len(slate), dtype=np.float32)
    columns = [slate.sources.get(name, nothing) for name in sources]
    rows, liked = slate.videos, query.history.positives.videos
    published = catalogue.published[rows]
    known = (published != NO_TIME) & (query.moment != NO_TIME)
    age = np.where(known, (query.moment - published) / DAY, np.nan)
    creators = catalogue.creator_of
    own = np.bincount(creators[liked][creators[liked] >= 0], minlength=int(creators.max()) + 2)
    by_creator = np.where(creators[rows] >= 0, own[creators[rows]], 0)
    hour = query.moment % DAY / 3_600_000 if query.moment != NO_TIME else np.nan
    besides = (
        age,
        catalogue.minutes[rows],
        np.log1p(catalogue.user_counts[rows]),
        by_creator,
        np.full(len(slate), np.log1p(len(liked))),
        np.full(len(slate), hour),
    )
    return np.stack([*columns, *besides], axis=1).astype(np.float64)
