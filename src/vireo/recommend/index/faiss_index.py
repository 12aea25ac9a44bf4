"""Builds and searches the faiss indexes: flat, and inverted file."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints

PARTS = 8
"""Of a flat index: they are shared out among the threads."""
LANES = 16
"""Numbers that a processor multiplies at once."""
_BLOCK = 65_536


def available() -> bool:
    """Whether faiss is installed (the extra `index`)."""
    return find_spec("faiss") is not None


def flat(vectors: Floats) -> Any:
    """All vectors (n, d), in PARTS of the order they come in: probing all parts misses none."""
    centroids = np.zeros((PARTS, vectors.shape[1]), dtype=np.float32)
    return inverted(centroids, np.arange(len(vectors)) * PARTS // max(len(vectors), 1), vectors)


def inverted(centroids: Floats, lists: Ints, vectors: Floats) -> Any:
    """The vectors (n, d) in half precision, each in the list (n,) that is given."""
    import faiss

    centers = _wide(centroids)
    width, kind = centers.shape[1], faiss.ScalarQuantizer.QT_fp16
    coarse = faiss.IndexFlatIP(width)
    coarse.add(centers)
    index = faiss.IndexIVFScalarQuantizer(
        coarse, width, len(centroids), kind, faiss.METRIC_INNER_PRODUCT, False
    )
    index.is_trained = True
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        rows = _wide(vectors[part])
        given = np.ascontiguousarray(lists[part], dtype=np.int64)
        index.add_core(len(rows), faiss.swig_ptr(rows), None, faiss.swig_ptr(given))
    index.parallel_mode = 1  # the lists of one query are shared out among the threads
    return index


def found(
    index: Any, queries: Floats, count: int, probes: int, allowed: Bools | None = None
) -> tuple[Floats, Ints]:
    """Scores and rows of the best of every query (b, d), best first; -1 where there are too few.

    `probes` lists are looked through. -> (b, count), (b, count)
    """
    import faiss

    asked = _wide(queries)
    given: dict[str, Any] = {"nprobe": probes}
    if allowed is not None:
        bits = np.packbits(allowed, bitorder="little")
        given["sel"] = faiss.IDSelectorBitmap(bits)
    params = faiss.SearchParametersIVF(**given)
    # Other threads search for other users: a pool under each would oversubscribe the cores.
    # The number holds for the calling thread alone.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if len(asked) == 1 else threads)
    try:
        scores, rows = index.search(asked, count, params=params)
    finally:
        faiss.omp_set_num_threads(threads)
    return scores, rows


def _wide(rows: Floats) -> Floats:
    """Zero-padded to a multiple of LANES, without which faiss is several times slower. (n, d')"""
    padded = -(-rows.shape[1] // LANES) * LANES
    wide = np.zeros((len(rows), padded), dtype=np.float32)
    wide[:, : rows.shape[1]] = rows
    return wide
