"""Content -> the vectors that a trained network would have given: ridge regression, its penalty
chosen by the exact error on rows left out one at a time (PRESS, Allen 1974)."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.interest.base import SequenceSection, Training

_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_FEWEST = 10
"""Trained videos with content below which nothing is predicted."""
_WELL_KNOWN = 5
"""Viewers from which a trained vector is learnt from."""


def cold_item_embeddings(
    arrays: dict[str, Floats], videos: Ints, training: Training, settings: SequenceSection
) -> tuple[Floats, Floats, Floats]:
    """Vectors, biases and divisors of all videos: trained, predicted from content, or mixed."""
    own, own_bias = arrays["vectors.weight"], arrays["bias"]
    vectors = np.zeros((training.n_videos, own.shape[1]), dtype=np.float32)
    bias = np.full(training.n_videos, own_bias.min(), dtype=np.float32)
    lengths = np.zeros(training.n_videos, dtype=np.float32)
    vectors[videos], bias[videos] = own, own_bias
    lengths[videos] = np.linalg.norm(own, axis=1)
    trained = np.zeros(training.n_videos, dtype=np.bool_)
    trained[videos] = True
    told = training.has_content
    rows = np.hstack([vectors, bias[:, None]])
    well_known = trained & told & (training.user_counts >= _WELL_KNOWN)
    # not by date: new videos are the newest, and a regression says little beyond what it has seen
    guess = predicted(training.content, rows, well_known)
    if guess is None:
        return vectors, bias, lengths
    usual = float(lengths[videos].mean())
    share = training.user_counts / (training.user_counts + settings.content_prior_users + 1e-9)
    share = np.where(trained, share, 0.0)[:, None].astype(np.float32)
    mixed = np.where(told[:, None], share * rows + (1 - share) * guess, rows)
    vectors, bias = np.ascontiguousarray(mixed[:, :-1]), np.ascontiguousarray(mixed[:, -1])
    lengths = np.where(trained, np.linalg.norm(vectors, axis=1), np.where(told, usual, 0.0))
    return vectors, bias, lengths.astype(np.float32)


def predicted(content: Floats, trained: Floats, learn_from: Bools) -> Floats | None:
    """(n, c) content, (n, d) vectors, (n,) rows to learn from -> (n, d), or None if too few.

    Predictions shrink towards the mean vector as far as content says little: a video that is like
    no other is not put near anything.
    """
    found = regression(content, trained, learn_from)
    return None if found is None else np.asarray(content @ found[0] + found[1], dtype=np.float32)


def regression(
    content: Floats, trained: Floats, learn_from: Bools
) -> tuple[Doubles, Doubles] | None:
    """The same as a map: weights (c, d) and what is added (d,)."""
    if learn_from.sum() < _FEWEST:
        return None
    x, y = content[learn_from].astype(np.float64), trained[learn_from].astype(np.float64)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    left, values, right = np.linalg.svd(x - mean_x, full_matrices=False)
    projected = left.T @ (y - mean_y)
    errors = [_left_out(left, values, projected, y - mean_y, p) for p in _PENALTIES]
    penalty = _PENALTIES[int(np.argmin(errors))]
    weights = right.T @ ((values / (values**2 + penalty))[:, None] * projected)
    return weights, mean_y - mean_x @ weights


def _left_out(
    left: Doubles, values: Doubles, projected: Doubles, wanted: Doubles, penalty: float
) -> float:
    """Mean squared error of every row when the regression had not seen it."""
    shrink = values**2 / (values**2 + penalty)
    fitted = left @ (shrink[:, None] * projected)
    leverage = (left**2 @ shrink) + 1.0 / len(left)
    residual = (wanted - fitted) / np.maximum(1.0 - leverage, 1e-6)[:, None]
    return float((residual**2).mean())
