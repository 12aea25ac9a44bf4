"""Videos similar to one video, by content and by co-watching, cold items included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vireo.arrays import Bools, Floats
from vireo.behavior.base import NO_TIME, History
from vireo.interest.base import Batch, InterestModel
from vireo.interest.ensemble import Ensemble
from vireo.recommend.base import Reason, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import standardized
from vireo.recommend.recommender import Picks, picks_of
from vireo.recommend.top_k import top


def similar(
    catalogue: Catalogue, model: InterestModel, video: int, k: int, allowed: Bools | None = None
) -> Picks:
    """The k nearest videos to the one in this row, of those that are allowed (n,)."""
    columns = {"content": standardized(catalogue.unit_content @ catalogue.unit_content[video])}
    if catalogue.user_counts[video] > 0:
        columns |= _by_viewers(catalogue, model, video)
    total = np.sum(list(columns.values()), axis=0).astype(np.float32)
    total[video] = -np.inf
    if allowed is not None:
        total[~allowed] = -np.inf
    rows = top(total, min(k, int((total > -np.inf).sum())))
    slate = Slate(
        videos=rows,
        sources={name: values[rows] for name, values in columns.items()},
        scores=total[rows],
    )
    reasons = tuple(_reason(catalogue, slate, place, video) for place in range(len(rows)))
    return picks_of(replace(slate, reasons=reasons), catalogue)


def no_similar(user_id: str | None) -> Picks:
    """An empty list with a note that says for which user."""
    note = (
        "There is no other video that all users may see: name a user (--user ID)."
        if user_id is None
        else f"There is no other video that '{user_id}' may see."
    )
    return Picks([], [note])


def _by_viewers(catalogue: Catalogue, model: InterestModel, video: int) -> dict[str, Floats]:
    """Scores of the experts for a user who has watched only this video."""
    seed = History(
        np.array([video]), np.ones(1, dtype=np.float32), np.array([NO_TIME], dtype=np.int64)
    )
    ensemble = Ensemble.of(model, len(catalogue))
    parts = ensemble.score(Batch([seed], NO_TIME, len(catalogue))).parts()
    scores = {
        name: values[0]
        for name, values in parts.items()
        if name != "content" and model.experts[name].contributions(seed, video) is not None
    }
    weight = sum(model.weights[name] for name in scores) or 1.0
    return {name: (values / weight).astype(np.float32) for name, values in scores.items()}


def _reason(catalogue: Catalogue, slate: Slate, place: int, video: int) -> Reason:
    best = max(slate.sources, key=lambda name: slate.sources[name][place])
    other = int(slate.videos[place])
    same_topic = catalogue.topic_of[other] == catalogue.topic_of[video]
    topic = catalogue.topics[other] if same_topic else None
    if best != "content":
        return Reason("watched", "Watched by the same viewers" + (f"; {topic}" if topic else ""))
    if topic:
        return Reason("topic", f"Same topic: {topic}")
    return Reason("topic", "Close in content")
