"""The expert `markov-chain`: how often each video followed the last video of the user."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from vireo.arrays import Floats, Ints
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training

_FILE = "counts.safetensors"


@dataclass(frozen=True)
class MarkovChain:
    """First-order transitions between positive interactions, as shares of each row."""

    name: ClassVar[str] = "markov-chain"
    scores_cold_items: ClassVar[bool] = False
    reads_content: ClassVar[bool] = False
    shares: sparse.csr_matrix
    """(n, n) row: last video; column: the next one."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        histories = training.histories
        pairs = [
            (before, after)
            for row in range(len(histories))
            for before, after in _pairs(histories.row(row))
        ]
        rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        shape = (training.n_videos, training.n_videos)
        ones = np.ones(len(rows), dtype=np.float32)
        counts = sparse.csr_matrix((ones, (rows, columns)), shape=shape)
        totals = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0)
        scale = sparse.diags((1.0 / totals).astype(np.float32))
        return cls(sparse.csr_matrix(scale @ counts, dtype=np.float32))

    def score(self, batch: Batch) -> Floats:
        """(b, n)"""
        scores = np.zeros((len(batch.histories), batch.n_videos), dtype=np.float32)
        for row, history in enumerate(batch.histories):
            last = _last(history)
            if last is not None:
                scores[row] = self.shares[[history.videos[last]]].toarray()[0]
        return scores

    def contributions(self, history: History, video: int) -> Floats | None:
        """(m,) all of the score comes from the last positive interaction."""
        return self.contributions_to(history, np.array([video]))[:, 0]

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """(m, v)"""
        added = np.zeros((len(history), len(videos)), dtype=np.float32)
        last = _last(history)
        if last is not None:
            added[last] = self.shares[[history.videos[last]]].toarray()[0][videos]
        return added

    def save(self, directory: Path) -> None:
        arrays = {"data": self.shares.data, "indices": self.shares.indices}
        arrays |= {"indptr": self.shares.indptr, "n": np.array([self.shares.shape[0]])}
        save_file(arrays, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        arrays = load_file(directory / _FILE)
        n = int(arrays["n"][0])
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        return cls(sparse.csr_matrix(parts, shape=(n, n)))


def _last(history: History) -> int | None:
    """Index of the last positive interaction."""
    positive = np.flatnonzero(history.weights > 0)
    return int(positive[-1]) if len(positive) else None


def _pairs(history: History) -> list[tuple[int, int]]:
    """Neighboring videos of the positive interactions."""
    videos = history.positives.videos.tolist()
    return list(pairwise(videos))
