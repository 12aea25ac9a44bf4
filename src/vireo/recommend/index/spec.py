"""IndexSpec: inverted lists, probes and measured recall of an index.

Saved as plain arrays; the faiss index is built from them on loading.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from vireo.arrays import Floats, Ints
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.interest.score_moments import Moments

_ARRAYS, _ABOUT = "index.safetensors", "index.json"


@dataclass(frozen=True)
class IndexSpec:
    """An inverted file (Jegou, Douze, Schmid 2011) over the first n vectors of one expert."""

    centroids: Floats
    """(l, d) or (l, w); none: all vectors are compared."""
    lists: Ints
    """(n,) the list that each vector is in; none: there are no lists."""
    probes: int
    """Lists that are looked through for one query, where nothing is filtered."""
    recall: float
    """Measured recall@100 with so many probes."""
    moments: Moments
    """Of the vectors of the videos that this expert knows."""
    count: int
    """n."""
    basis: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    """(d, w) PCA projection of wide vectors; empty: no projection."""
    over: int = 1
    """Factor of candidates that a projected index returns; they are rescored in full width."""
    made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Cache of the faiss indexes, shared by the recommenders of one build."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def exact(self) -> bool:
        """Whether search is exhaustive, projected or not."""
        return not len(self.centroids)

    def project(self, vectors: Floats) -> Floats:
        """(..., d) -> (..., w); unchanged without a projection."""
        return vectors @ self.basis if self.narrowed else vectors

    def about(self) -> dict[str, Any]:
        found = {"lists": len(self.centroids), "probes": self.probes, "recall@100": self.recall}
        narrow = {"width": self.basis.shape[1], "over": self.over} if self.narrowed else {}
        return {**found, **narrow}

    @property
    def narrowed(self) -> bool:
        """Whether the index holds projected vectors."""
        return self.basis.size > 0


def save_plans(plans: Mapping[str, IndexSpec], directory: Path) -> None:
    """Write the specs to arrays and JSON; no file without specs."""
    if not plans:
        return
    arrays: dict[str, NDArray[Any]] = {}
    about: dict[str, Any] = {}
    for name, plan in plans.items():
        arrays[f"{name}.centroids"] = plan.centroids
        arrays[f"{name}.lists"] = plan.lists
        arrays[f"{name}.total"] = plan.moments.total
        arrays[f"{name}.squares"] = np.ascontiguousarray(plan.moments.squares)
        arrays[f"{name}.basis"] = plan.basis
        about[name] = {**plan.about(), "count": plan.count, "known": plan.moments.count}
    save_file(arrays, directory / _ARRAYS)
    write_json(directory / _ABOUT, about)


def load_plans(directory: Path) -> dict[str, IndexSpec]:
    """Read the output of `save_plans`."""
    about = read_json(directory / _ABOUT) or {}
    arrays = read_arrays(directory / _ARRAYS) if about else {}
    return {
        name: IndexSpec(
            arrays[f"{name}.centroids"],
            arrays[f"{name}.lists"],
            spec["probes"],
            spec["recall@100"],
            Moments(spec["known"], arrays[f"{name}.total"], arrays[f"{name}.squares"]),
            spec["count"],
            arrays[f"{name}.basis"],
            spec.get("over", 1),
        )
        for name, spec in about.items()
    }
