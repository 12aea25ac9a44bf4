"""What each of the viewer's own videos adds to one score, exactly, over all linear experts."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.interest.base import InterestModel


def contributions(model: InterestModel, history: History, video: int) -> Floats | None:
    """(m,) shares of the history's entries in the video's score; None if no expert can tell.

    Experts score on different scales, so each expert's shares are scaled to its largest before
    they are added with the fusion's weights. The score of EASE is a sum over the history
    (Steck 2019), so its shares are exact; they come first where it has an opinion.
    """
    total = np.zeros(len(history), dtype=np.float32)
    opinions = 0
    for name, expert in model.serving.items():
        shares = expert.contributions(history, video)
        if shares is None or not np.abs(shares).max(initial=0.0) > 0:
            continue
        opinions += 1
        total += model.weights[name] * shares / np.abs(shares).max()
    return total if opinions else None
