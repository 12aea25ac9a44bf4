"""Item-item weights in closed form, among videos with positives.

With G the products of the videos' columns and P = (G + lambda I)^-1, the weights are
B[i, j] = -P[i, j] / P[j, j], the diagonal 0 (Steck 2019, arXiv:1905.03375). The diagonal of P is
kept: with it, one viewer's part can be taken out of B exactly, without the others' histories.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy import sparse
from scipy.linalg import lapack

from vireo.arrays import Doubles, Floats, Ints
from vireo.artifacts.tensor_files import read_arrays
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.interest.base import InterestSection, Training
from vireo.interest.column_blocks import ColumnBlocks, worth_it


@dataclass(frozen=True)
class ItemItem:
    """B among videos with positives; all others score 0."""

    videos: Ints
    """(w,) rows in the catalogue, rising."""
    matrix: Floats
    """(w, w): row j is what watching j adds to each video."""
    diagonal: Doubles
    """(w,) of P."""
    n_videos: int
    note: str = ""
    """Why there are no weights, if there are none."""

    def scores(self, inputs: sparse.csr_matrix) -> Floats:
        """(b, n) weighted histories -> (b, n)"""
        if inputs.shape[0] > 1 and worth_it(inputs, len(self.videos), self.n_videos):
            return self._strips.times(inputs)
        scores = np.zeros(inputs.shape, dtype=np.float32)
        scores[:, self.videos] = inputs[:, self.videos] @ self.matrix
        return scores

    @cached_property
    def _strips(self) -> ColumnBlocks:
        """Of all videos, so that nothing need be moved to its place afterwards."""
        return ColumnBlocks.of(self.matrix, self.videos, self.n_videos, rows=self.videos)

    def block(self, rows: Ints, columns: Ints) -> Floats:
        """(r, c) weights B[rows, columns]; 0 for videos without weights."""
        row, column = self._place[rows], self._place[columns]
        own, theirs = np.flatnonzero(row >= 0), np.flatnonzero(column >= 0)
        block = np.zeros((len(rows), len(columns)), dtype=np.float32)
        block[np.ix_(own, theirs)] = self.matrix[np.ix_(row[own], column[theirs])]
        return block

    @cached_property
    def _place(self) -> Ints:
        """(n,) row of the catalogue -> row of `matrix`, or -1."""
        place = np.full(self.n_videos, -1, dtype=np.int64)
        place[self.videos] = np.arange(len(self.videos))
        return place

    def save(self, file: Path, **beside: NDArray[Any]) -> None:
        """One file of it, with the expert's own arrays in it."""
        arrays: dict[str, NDArray[Any]] = {
            "videos": self.videos,
            "diagonal": self.diagonal,
            "matrix": self.matrix,
            "n_videos": np.array([self.n_videos]),
            **beside,
        }
        save_file(arrays, file, metadata={"note": self.note})

    @classmethod
    def load(cls, file: Path) -> tuple[ItemItem, Mapping[str, NDArray[Any]]]:
        """Arrays and settings from `save`."""
        arrays = read_arrays(file)
        with safe_open(file, "np") as opened:
            note = (opened.metadata() or {}).get("note", "")
        kept = (arrays["videos"], arrays["matrix"], arrays["diagonal"])
        return cls(*kept, int(arrays["n_videos"][0]), note), arrays

    def without(self, positives: Ints) -> ItemItem:
        """Exact weights after removal of one user with these positives.

        X'X loses x x', so P gains P x x' P / (1 - x' P x) (Sherman and Morrison 1950).
        """
        places = np.searchsorted(self.videos, np.unique(positives))
        places = places[places < len(self.videos)]
        places = places[np.isin(self.videos[places], positives)]
        if not len(places):
            return self
        inverse = self.matrix * -self.diagonal
        np.fill_diagonal(inverse, self.diagonal)
        moved = inverse[:, places].sum(axis=1)
        inverse += np.outer(moved, moved / (1.0 - moved[places].sum()))
        diagonal = np.diagonal(inverse).copy()
        matrix = inverse / -diagonal
        np.fill_diagonal(matrix, 0.0)
        return replace(self, matrix=matrix.astype(np.float32), diagonal=diagonal)


def positives_matrix(training: Training, videos: Ints) -> sparse.csr_matrix:
    """1 for each positive. (users, w) float32"""
    binary = training.histories.positives[:, videos]
    binary.data[:] = 1.0
    return binary


@dataclass(frozen=True)
class Ridge:
    """Penalty added to the diagonal, and the name of its setting for error messages."""

    amount: float
    setting: str
    """Its dotted name, such as `interest.ease.regularization`."""
    value: float
    """As it stands in the config."""


def item_item(
    name: str,
    training: Training,
    gram: Callable[[Ints], Floats],
    ridge: Ridge,
    section: InterestSection,
    context: Context,
) -> ItemItem:
    """B for the products (w, w) of the watched videos; without weights, and a note that says why,
    where the catalogue is too large for a dense inverse.

    Raises StageFailed, with the setting to raise, where the ridge is too weak for the inverse.
    """
    videos = np.flatnonzero(training.warm)
    why = f"{len(videos)} watched videos"
    if len(videos) <= section.ease.max_videos:
        try:
            matrix, diagonal = _closed_form(gram(videos), ridge)
            return ItemItem(videos, matrix, diagonal, training.n_videos)
        except MemoryError:
            why = "the memory ran out"
    note = (
        f"{name} steps aside ({why}; interest.ease.max_videos is {section.ease.max_videos}): its "
        "matrix takes 4 bytes per pair of watched videos. Raise the limit if there is memory for "
        "three such matrices."
    )
    context.progress.say(note)
    return no_matrix(training.n_videos, note)


def no_matrix(n_videos: int, why: str) -> ItemItem:
    empty = np.zeros((0, 0), np.float32)
    return ItemItem(np.zeros(0, np.int64), empty, np.zeros(0), n_videos, why)


def _closed_form(gram: Floats, ridge: Ridge) -> tuple[Floats, Doubles]:
    """X'X (w, w), which is overwritten -> B (w, w) and the diagonal of P (w,)."""
    if not len(gram):
        return gram, np.zeros(0)
    diagonal = np.diagonal(gram).copy()
    inverse = _inverse(gram, diagonal, ridge.amount, np.float32)
    if inverse is None:  # too ill-conditioned for single precision
        inverse = _inverse(gram, diagonal, ridge.amount, np.float64)
    if inverse is None:
        raise StageFailed(
            f"The item-item matrix cannot be inverted with {ridge.setting} = {ridge.value:g}.",
            f"Raise it, for example to {10 * ridge.value:g}.",
        )
    scale = np.diagonal(inverse).copy()
    inverse /= -scale
    np.fill_diagonal(inverse, 0.0)
    return np.ascontiguousarray(inverse, dtype=np.float32), scale.astype(np.float64)


def _inverse(gram: Floats, diagonal: Floats, ridge: float, dtype: DTypeLike) -> Floats | None:
    """(gram + ridge I)^-1 by Cholesky; None if that fails numerically."""
    matrix = np.asfortranarray(gram, dtype=dtype)
    matrix[np.diag_indices_from(matrix)] = diagonal + ridge
    factor, invert = lapack.get_lapack_funcs(("potrf", "potri"), (matrix,))
    lower, failed = factor(matrix, lower=1, overwrite_a=1)
    if failed:
        return None
    lower, failed = invert(lower, lower=1, overwrite_c=1)
    if failed or not np.isfinite(np.diagonal(lower)).all():
        return None
    for row in range(len(lower) - 1):  # only the lower triangle is filled; no copy, it is large
        lower[row, row + 1 :] = lower[row + 1 :, row]
    full: Floats = lower
    return full
