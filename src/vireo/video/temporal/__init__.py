"""Frame vectors of one video -> one part of its vector; one file per pooling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.arrays import Floats, unit_rows
from vireo.registry import Registry


def join(names: Sequence[str], menu: Registry, vectors: Floats, times: Floats) -> Floats:
    """(n, d) -> the parts side by side, each of length 1 so that none outshouts the others."""
    parts = [menu.get(name)(vectors, times) for name in names]
    joined: Floats = np.concatenate([unit_rows(part[None])[0] for part in parts])
    return joined
