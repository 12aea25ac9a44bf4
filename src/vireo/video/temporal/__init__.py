"""Temporal pooling: frame vectors of one video -> one part per pooling; parts -> embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vireo.arrays import Floats, unit_rows
from vireo.registry import Registry

Parts = Floats
"""(poolings, d): one row per pooling of one video's frames."""
MEAN_PRIOR = 0.1
"""Weight of a zero vector in the mean of all videos: a single video, or videos that are all
equal, keep their direction after centering."""


Pool = Callable[[Floats, Floats], Floats]
"""(n, d) vectors, (n,) times -> (d,)."""


def pool_parts(
    names: Sequence[str],
    registry: Registry,
    vectors: Floats,
    times: Floats,
    encoder_poolings: Mapping[str, Pool] | None = None,
) -> Parts:
    """(n, d), (n,) -> (poolings, d). `encoder_poolings` take precedence over the registry."""
    pools = [(encoder_poolings or {}).get(name) or registry.get(name) for name in names]
    return np.stack([pool(vectors, times) for pool in pools]).astype(np.float32)


def center_parts(parts: Sequence[Floats]) -> Floats:
    """Parts (n, d) of all videos -> (n, p * d): centered, of unit length, concatenated.

    Centering removes the common direction: raw features lie in a narrow cone, where all videos
    are similar (Mu and Viswanath, All-but-the-Top, 2018). Unit length gives the parts equal
    weight. Rows of zeros (no frames, no motion) stay zeros.
    """
    return np.hstack([unit_rows(_centered(part)) for part in parts])


def _centered(part: Floats) -> Floats:
    present = np.asarray(part.any(axis=1))
    mean = part[present].astype(np.float64).sum(axis=0) / (present.sum() + MEAN_PRIOR)
    return np.asarray(np.where(present[:, None], part - mean, 0.0), dtype=np.float32)
