"""Candidates of cold-start users: popular, recently popular and new videos."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats
from vireo.recommend.base import Query, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext, standardized
from vireo.recommend.retrieve.merge import merged
from vireo.recommend.top_k import best_of_each

SHARES = {"popular": 0.5, "recent": 0.4, "fresh": 0.1}
"""Weights of the three sources in a cold-start list."""


class ColdStart:
    """Popularity, recent popularity and date of publication, in fixed shares."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._columns = popular_columns(context.catalogue)

    def __call__(self, query: Query, slate: Slate) -> Slate:
        allowed = query.mask(len(self._context.catalogue))
        count = max(self._context.section.candidates, query.k)
        noted = slate.noting(_note(query)) if allowed.any() else slate
        ranked = dict(self._columns)
        if query.preference_offsets is not None:
            ranked["total"] = np.sum([query.preference_offsets, *self._columns.values()], axis=0)
        return merged(noted, self._columns, best_of_each(ranked, count, allowed))


def _note(query: Query) -> str:
    who = f"'{query.user_id}' is" if query.user_id else "This viewer is"
    if query.text:
        return f"{who} new here: the list follows the sentence, then what is popular and recent."
    if query.preference_offsets is not None:
        return f"{who} new here: the list follows what they asked for, and what is popular."
    return f"{who} new here: the list is popular, recent and varied."


def popular_columns(catalogue: Catalogue) -> dict[str, Floats]:
    """(n,) scores by source of a cold-start list; SHARES holds their weights."""
    published = catalogue.table["published_at"].fill_null(0).to_numpy().astype(np.float64)
    known = published > 0
    fresh = np.where(known, published, published[known].min() if known.any() else 0)
    raw = {
        "popular": np.log1p(catalogue.user_counts),
        "recent": np.log1p(catalogue.recent_counts),
        "fresh": fresh,
    }
    return {
        name: SHARES[name] * standardized(values.astype(np.float32)) for name, values in raw.items()
    }
