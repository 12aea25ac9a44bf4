"""The plans of a catalogue's indexes: none for a small one, exact ones, then inverted files."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats
from vireo.behavior.base import Histories
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestModel
from vireo.interest.expert_protocols import Abilities, SupportsDotProduct
from vireo.recommend.index.faiss_index import available
from vireo.recommend.index.spec import IndexSpec
from vireo.recommend.index.tuning import WIDE, exact_spec, tune_ivf, tune_pca
from vireo.recommend.settings import IndexSection

VIEWERS = 200
"""Viewers whose questions the recall is measured on."""
_FEWEST = 20
NOTE = (
    "{n} videos are scored exhaustively for every list: above {until} that is slow, and the extra "
    "`index` (pip install 'vireo-recommender[index]') finds the nearest without."
)


def plans(
    model: InterestModel, histories: Histories, section: IndexSection, context: Context
) -> dict[str, IndexSpec]:
    """Expert -> plan, for every expert with a weight whose scores are inner products."""
    n = histories.n_videos
    if n <= section.full_scoring_max_videos:
        return {}
    if not available():
        context.progress.say(NOTE.format(n=n, until=section.full_scoring_max_videos))
        return {}
    found: dict[str, IndexSpec] = {}
    experts = {**model.serving, **{n: e for n, e in model.experts.items() if n == "content"}}
    with context.progress.task("indexes", len(experts)) as tick:
        for name, expert in experts.items():
            linear = Abilities.of(expert).dot_product
            vectors = None if linear is None else linear.vectors
            if linear is not None and vectors is not None and vectors.shape[1] > 1:
                found[name] = _plan(linear, vectors, model, histories, section, context.seed)
            tick(1, name)
    return found


def _plan(
    expert: SupportsDotProduct,
    vectors: Floats,
    model: InterestModel,
    histories: Histories,
    section: IndexSection,
    seed: int,
) -> IndexSpec:
    all_rows = len(model.warm) == 0 or getattr(expert, "scores_cold_items", True)
    known = np.ones(len(vectors), dtype=np.bool_) if all_rows else model.warm
    if len(vectors) <= section.exact_max_videos and vectors.shape[1] < WIDE:
        return exact_spec(vectors, known)
    asked = _questions(expert, vectors, histories, seed)
    if len(vectors) <= section.exact_max_videos:
        return tune_pca(vectors, known, asked, section.target_recall) or exact_spec(vectors, known)
    return tune_ivf(vectors, known, asked, section.target_recall, seed)


def _questions(
    expert: SupportsDotProduct, vectors: Floats, histories: Histories, seed: int
) -> Floats:
    """Queries for tuning: user vectors, or video vectors if there are few users. (q, d)"""
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(len(histories))[:VIEWERS])
    batch = Batch([histories.row(int(row)) for row in rows], histories.now, histories.n_videos)
    asked = expert.user_vectors(batch)
    asked = asked[asked.any(axis=1)]
    return asked if len(asked) >= _FEWEST else vectors[random.integers(0, len(vectors), VIEWERS)]
