"""Mean reciprocal rank of held-out titles, retrieved by their descriptions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.engine.progress import Progress
from vireo.language import LanguageModel
from vireo.language.chunks import spread

MAX_PAIRS = 300


def mean_reciprocal_rank(
    model: LanguageModel, pairs: Sequence[tuple[str, str]], progress: Progress
) -> float:
    """Mean of 1 / (rank of the own title among the titles of all pairs), in (0, 1].

    pairs: (text, title); above MAX_PAIRS an even selection is used. Titles that score the same
    as the right one share its rank at their middle, so that a model of one vector gains nothing.
    """
    chosen = [pairs[row] for row in spread(len(pairs), MAX_PAIRS)]
    texts = model.embed([text for text, _ in chosen], progress)  # (n, d)
    titles = model.embed([title for _, title in chosen], progress)  # (n, d)
    scores = texts @ titles.T  # (n, n)
    own = np.diag(scores)[:, None]
    better = (scores > own + 1e-6).sum(1)
    same = (np.abs(scores - own) <= 1e-6).sum(1) - 1  # without the title itself
    return float(np.mean(1.0 / (1.0 + better + same / 2)))
