"""Next-item model on content: scores videos without events.

`next` has a column of weights for each watched video. Ridge regression from the videos' content to
these columns says what the column of any video would be (the mapping of attributes to learnt
factors: Gantner et al. 2010), so a new video follows what videos like it have followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import save_file
from scipy.linalg import cho_factor, cho_solve

from vireo.arrays import Bools, Floats, Ints, unit_rows
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.content import ByContent
from vireo.interest.next_item import DecayedInputs, NextItem

_FILE = "next-content.safetensors"
_RIDGE = 10.0
"""Of rows of length 1; cold items were ranked equally well from 3 to 30."""
_FEWEST = 10
"""Watched videos with content below which nothing is learnt."""
_WELL_KNOWN = 5
"""Viewers from which a column is learnt from."""


@dataclass(frozen=True)
class NextItemContent(ByContent):
    """score = decayed inputs (spans * w) @ side information (spans * w, d) @ content (d)."""

    name: ClassVar[str] = "next-item-content"
    videos: Ints
    """(w,) those that are remembered: rows in the catalogue, rising."""
    spans: tuple[float, ...]
    side_information: Floats
    """(spans * w, d)"""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        fitted = training.shared.get(NextItem.name) or NextItem.fit(training, section, context)
        rows = unit_rows(training.content)
        learnt = training.has_content & (training.user_counts >= _WELL_KNOWN)
        side_information = _side_information(fitted, rows, learnt)
        return cls(rows, fitted.videos, fitted.spans, side_information)

    def user_vectors(self, batch: Batch) -> Floats:
        """The content that is likely to come next. (b, d)"""
        return np.asarray(self._decayed.inputs(batch) @ self.side_information, dtype=np.float32)

    def shares(self, history: History) -> Floats:
        """Exact: the entries add up to `towards`. (m, d)"""
        shares = np.zeros((len(history), self.rows.shape[1]), dtype=np.float32)
        for entries, left, inputs in self._decayed.remembered(history):
            shares[entries] += left[:, None] * self.side_information[inputs]
        return shares

    @cached_property
    def _decayed(self) -> DecayedInputs:
        return DecayedInputs(self.videos, self.spans, len(self.rows))

    def save(self, directory: Path) -> None:
        spans = np.array(self.spans, dtype=np.float64)
        arrays = {
            "videos": self.videos,
            "spans": spans,
            "side_information": self.side_information,
            "rows": self.rows,
        }
        save_file({n: np.ascontiguousarray(a) for n, a in arrays.items()}, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        arrays = read_arrays(directory / _FILE)
        spans = tuple(arrays["spans"].tolist())
        return cls(arrays["rows"], arrays["videos"], spans, arrays["side_information"])


def _side_information(fitted: NextItem, rows: Floats, learnt: Bools) -> Floats:
    """The regression's weights (spans * w, d); zeros where there is too little to learn from."""
    columns = np.flatnonzero(learnt[fitted.videos])
    if len(columns) < _FEWEST:
        return np.zeros((len(fitted.matrix), rows.shape[1]), dtype=np.float32)
    known = rows[fitted.videos[columns]].astype(np.float64)
    known -= known.mean(axis=0)
    # Of the columns no mean has to be taken: it is the same for all videos, and orders none.
    gram = known.T @ known
    gram[np.diag_indices_from(gram)] += _RIDGE
    mapping = np.zeros((len(fitted.videos), rows.shape[1]), dtype=np.float32)
    mapping[columns] = cho_solve(cho_factor(gram), known.T).T
    return np.asarray(fitted.matrix @ mapping, dtype=np.float32)
