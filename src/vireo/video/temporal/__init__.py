"""Frame vectors of one video -> the parts of its vector, one file per pooling; parts -> rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vireo.arrays import Floats, unit_rows
from vireo.registry import Registry

Parts = Floats
"""(poolings, d): what each pooling made of one video's frames."""
CAUTION = 0.1
"""The mean counts as if so much of a video of nothing were among the others: a lone video keeps
its direction, and so do videos that are all equal."""


Pool = Callable[[Floats, Floats], Floats]
"""(n, d) vectors, (n,) times -> (d,)."""


def pooled(
    names: Sequence[str],
    menu: Registry,
    vectors: Floats,
    times: Floats,
    own: Mapping[str, Pool] | None = None,
) -> Parts:
    """(n, d), (n,) -> (poolings, d). `own` are poolings that the encoder brings itself."""
    pools = [(own or {}).get(name) or menu.get(name) for name in names]
    return np.stack([pool(vectors, times) for pool in pools]).astype(np.float32)


def balanced(parts: Sequence[Floats]) -> Floats:
    """The parts (n, d) of all videos, each less its mean and of length 1, side by side. (n, p * d)

    What all videos share is no content: raw features lie in a narrow cone, where every video is
    like every other (Mu and Viswanath, All-but-the-Top, 2018). Length 1 keeps one part from
    outshouting the others. Rows of zeros (nothing seen, nothing moved) stay zeros.
    """
    return np.hstack([unit_rows(_centred(part)) for part in parts])


def _centred(part: Floats) -> Floats:
    present = np.asarray(part.any(axis=1))
    mean = part[present].astype(np.float64).sum(axis=0) / (present.sum() + CAUTION)
    return np.asarray(np.where(present[:, None], part - mean, 0.0), dtype=np.float32)
