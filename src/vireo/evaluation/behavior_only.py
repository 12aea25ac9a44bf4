"""Pipeline without content: for experts that read events only; no file, text or language model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from vireo.behavior.base import NO_TIME, Histories
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.interest.base import InterestModel, InterestSection, Training
from vireo.interest.build import fit
from vireo.interest.registry import EXPERTS
from vireo.pipeline import STAGES, Stage

BEHAVIOR_ALONE = frozenset(
    {
        "popularity",
        "recent-popularity",
        "trend",
        "ease",
        "ease-recent",
        "next-item",
        "transitions",
        "cooccurrence",
        "item-knn",
        "repeat",
        "als",
    }
)
"""Built-in experts that never look at the content; others say so by `reads_content = False`."""
BEHAVIOR_STAGES: tuple[Stage, ...] = (
    STAGES["data"],
    STAGES["behavior"],
    replace(
        STAGES["interest"],
        needs=("data/videos", "behavior"),
        build="vireo.evaluation.behavior_only:build",
    ),
)


def is_enough(experts: Iterable[str]) -> bool:
    """Whether none of these experts reads content."""
    return all(
        not getattr(EXPERTS.get(name), "reads_content", name not in BEHAVIOR_ALONE)
        for name in experts
    )


def build(
    tables: Tables, histories: Histories, section: InterestSection, context: Context
) -> InterestModel:
    """The interest stage without content: every video is a number and a date."""
    n = histories.n_videos
    published = tables.videos["published_at"].fill_null(NO_TIME).to_numpy().astype(np.int64)
    nothing = np.zeros((n, 0), dtype=np.float32)
    training = Training(histories, nothing, np.zeros(n, dtype=np.bool_), published)
    return fit(training, section, context)
