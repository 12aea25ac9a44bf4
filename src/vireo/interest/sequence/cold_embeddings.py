"""Content -> embeddings of cold items: ridge regression onto the trained embeddings, its penalty
chosen by the exact leave-one-out error (PRESS, Allen 1974)."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.interest.base import SequenceSection, Training

_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_MIN_VIDEOS = 10
"""Fewer training rows: no regression."""
_MIN_USERS = 5
"""A trained embedding of a video with fewer users is no training row."""


def cold_item_embeddings(
    arrays: dict[str, Floats], videos: Ints, training: Training, settings: SequenceSection
) -> tuple[Floats, Floats, Floats]:
    """Embeddings (n, d), biases and norms (n,) of the catalogue: trained, predicted or a mixture.

    The share of the trained embedding is k / (k + content_prior_users) for k users. Norm 0: the
    video has neither interactions nor content.
    """
    trained, trained_bias = arrays["item_embedding.weight"], arrays["item_bias"]
    embeddings = np.zeros((training.n_videos, trained.shape[1]), dtype=np.float32)
    biases = np.full(training.n_videos, trained_bias.min(), dtype=np.float32)
    norms = np.zeros(training.n_videos, dtype=np.float32)
    embeddings[videos], biases[videos] = trained, trained_bias
    norms[videos] = np.linalg.norm(trained, axis=1)
    is_trained = np.zeros(training.n_videos, dtype=np.bool_)
    is_trained[videos] = True
    has_content = training.has_content
    rows = np.hstack([embeddings, biases[:, None]])
    # content without the date: cold items are the newest, and a regression extrapolates badly
    train_rows = is_trained & has_content & (training.user_counts >= _MIN_USERS)
    predicted = predict_embeddings(training.content, rows, train_rows)
    if predicted is None:
        return embeddings, biases, norms
    mean_norm = float(norms[videos].mean())
    share = training.user_counts / (training.user_counts + settings.content_prior_users + 1e-9)
    share = np.where(is_trained, share, 0.0)[:, None].astype(np.float32)
    mixed = np.where(has_content[:, None], share * rows + (1 - share) * predicted, rows)
    embeddings, biases = np.ascontiguousarray(mixed[:, :-1]), np.ascontiguousarray(mixed[:, -1])
    cold_norms = np.where(has_content, mean_norm, 0.0)
    norms = np.where(is_trained, np.linalg.norm(embeddings, axis=1), cold_norms)
    return embeddings, biases, norms.astype(np.float32)


def predict_embeddings(content: Floats, embeddings: Floats, train_rows: Bools) -> Floats | None:
    """Content (n, c), embeddings (n, d), training rows (n,) -> (n, d); None: too few rows.

    Predictions shrink to the mean embedding as far as content is uninformative.
    """
    fitted = ridge_regression(content, embeddings, train_rows)
    if fitted is None:
        return None
    weights, intercepts = fitted
    return np.asarray(content @ weights + intercepts, dtype=np.float32)


def ridge_regression(
    inputs: Floats, targets: Floats, train_rows: Bools
) -> tuple[Doubles, Doubles] | None:
    """Weights (c, d) and intercepts (d,) with the least PRESS; None: too few training rows."""
    if train_rows.sum() < _MIN_VIDEOS:
        return None
    x, y = inputs[train_rows].astype(np.float64), targets[train_rows].astype(np.float64)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    left, values, right = np.linalg.svd(x - mean_x, full_matrices=False)
    projected = left.T @ (y - mean_y)
    errors = [_press(left, values, projected, y - mean_y, p) for p in _PENALTIES]
    penalty = _PENALTIES[int(np.argmin(errors))]
    weights = right.T @ ((values / (values**2 + penalty))[:, None] * projected)
    return weights, mean_y - mean_x @ weights


def _press(
    left: Doubles, values: Doubles, projected: Doubles, targets: Doubles, penalty: float
) -> float:
    """Mean squared leave-one-out error, from the SVD of the centered inputs."""
    shrinkage = values**2 / (values**2 + penalty)
    fitted = left @ (shrinkage[:, None] * projected)
    leverage = (left**2 @ shrinkage) + 1.0 / len(left)
    residual = (targets - fitted) / np.maximum(1.0 - leverage, 1e-6)[:, None]
    return float((residual**2).mean())
