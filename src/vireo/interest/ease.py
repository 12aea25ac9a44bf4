"""Videos that are watched by the same people, in closed form (EASE, Steck 2019, arXiv:1905.03375).

With X the binary matrix of users and videos and P = (X'X + lambda I)^-1, the weights are
B[i, j] = -P[i, j] / P[j, j], the diagonal 0, and the scores of a history x are x B. The diagonal of
P is kept: with it, one viewer's part can be taken out of B exactly, without the others' histories.

With C the unit rows of the content space, w C C' beside X'X is what w viewers would leave behind
who watched by likeness alone (side information as added rows: Jeunen et al. 2020, CEASE). The
expert `ease-text` has it, `ease` has not: validation weighs the one against the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from scipy import sparse
from scipy.linalg import lapack

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.interest.base import Batch, InterestSection, Training

_FILE = "ease.safetensors"


@dataclass(frozen=True)
class ItemItem:
    """B among the videos that anybody wanted; all others score 0."""

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
        scores = np.zeros(inputs.shape, dtype=np.float32)
        scores[:, self.videos] = inputs[:, self.videos] @ self.matrix
        return scores

    def column(self, video: int) -> Floats:
        """B[:, video]: what each video adds to the score of this one. (n,)"""
        column = np.zeros(self.n_videos, dtype=np.float32)
        at = int(np.searchsorted(self.videos, video))
        if at < len(self.videos) and self.videos[at] == video:
            column[self.videos] = self.matrix[:, at]
        return column

    def without(self, wanted: Ints) -> ItemItem:
        """The weights as they would be if a viewer who wanted these videos had never come.

        X'X loses x x', so P gains P x x' P / (1 - x' P x) (Sherman and Morrison 1950).
        """
        places = np.searchsorted(self.videos, np.unique(wanted))
        places = places[places < len(self.videos)]
        places = places[np.isin(self.videos[places], wanted)]
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


@dataclass(frozen=True)
class Ease:
    """EASE over everything that the viewer ever wanted."""

    name: ClassVar[str] = "ease"
    knows_new: ClassVar[bool] = False
    weights: ItemItem
    span: float = 0.0
    """Number of videos after which an input has faded to 1/e; 0: nothing fades."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        return cls(_shared_weights(training, section, context))

    @property
    def note(self) -> str:
        return self.weights.note

    def score(self, batch: Batch) -> Floats:
        inputs = batch.decayed(self.span) if self.span > 0 else batch.positives
        return self.weights.scores(inputs)

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: input j times B[j, video]; the entries add up to the score."""
        one = Batch([history], history_now(history), self.weights.n_videos)
        inputs = one.decayed(self.span) if self.span > 0 else one.positives
        added = inputs.toarray()[0] * self.weights.column(video)
        return np.where(newest_wanted(history), added[history.videos], 0.0).astype(np.float32)

    def without(self, history: History) -> Self:
        """The same expert, if this viewer had never been in its training."""
        return replace(self, weights=self.weights.without(history.liked.videos))

    def save(self, directory: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "videos": self.weights.videos,
            "diagonal": self.weights.diagonal,
            "matrix": self.weights.matrix,
            "n_videos": np.array([self.weights.n_videos]),
            "span": np.array([self.span]),
        }
        save_file(arrays, directory / _FILE, metadata={"note": self.weights.note})

    @classmethod
    def load(cls, directory: Path) -> Self:
        arrays = load_file(directory / _FILE)
        with safe_open(directory / _FILE, "np") as file:
            note = (file.metadata() or {}).get("note", "")
        n_videos, span = int(arrays["n_videos"][0]), float(arrays["span"][0])
        kept = ItemItem(arrays["videos"], arrays["matrix"], arrays["diagonal"], n_videos, note)
        return cls(kept, span)


@dataclass(frozen=True)
class EaseRecent(Ease):
    """The same weights B over the last few videos: the newest one counts most.

    A second inverse with a ridge of its own was not worth its memory (lambda 1000 against 500
    for this expert on MovieLens-1M: HR@10 0.2263 against 0.2250, NDCG@10 0.1279 against 0.1280).
    """

    name: ClassVar[str] = "ease-recent"

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        return cls(_shared_weights(training, section, context), section.history_decay)


@dataclass(frozen=True)
class EaseText(EaseRecent):
    """The last few videos once more, where B was also taught what is alike in content.

    Among the watched videos only: new ones are `content`'s to tell apart, which does it better
    (cold NDCG@10 on MovieLens-1M at most 0.007 by any weight of this term, 0.034 by `content`).
    """

    name: ClassVar[str] = "ease-text"

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        if not section.ease.text or not training.has_content[training.warm].any():
            return cls(_nothing(training.n_videos, ""))
        weights = _shared_weights(training, section, context, section.ease.text)
        return cls(weights, section.history_decay)


def newest_wanted(history: History) -> Bools:
    """True at the newest wanted entry of every video: the one that the inputs count. (m,)"""
    wanted = np.flatnonzero(history.weights > 0)[::-1]
    _, first = np.unique(history.videos[wanted], return_index=True)
    newest = np.zeros(len(history), dtype=np.bool_)
    newest[wanted[first]] = True
    return newest


def history_now(history: History) -> int:
    """The moment of the last entry, which is all the clock that these experts need."""
    return int(history.times[-1]) if len(history) else 0


def _shared_weights(
    training: Training, section: InterestSection, context: Context, text: float = 0.0
) -> ItemItem:
    key = f"ease {section.ease.regularisation} {text}"
    if key not in training.shared:
        training.shared[key] = _weights(training, section, context, text)
    weights: ItemItem = training.shared[key]
    return weights


def _weights(
    training: Training, section: InterestSection, context: Context, text: float
) -> ItemItem:
    def gram(videos: Ints) -> Floats:
        binary = wanted(training, videos)
        counts: Floats = (binary.T @ binary).toarray()
        if text:
            alike = training.content[videos]
            counts += np.float32(text) * (alike @ alike.T)
        return counts

    return item_item("EASE", training, gram, section.ease.regularisation, section, context)


def wanted(training: Training, videos: Ints) -> sparse.csr_matrix:
    """1 where a viewer wanted one of the videos. (users, w) float32"""
    binary = training.histories.positives[:, videos]
    binary.data[:] = 1.0
    return binary


def item_item(
    name: str,
    training: Training,
    gram: Callable[[Ints], Floats],
    ridge: float,
    section: InterestSection,
    context: Context,
) -> ItemItem:
    """B for the products (w, w) of the watched videos; without weights, and a note that says why,
    where the catalogue is too large for a dense inverse."""
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
    return _nothing(training.n_videos, note)


def _nothing(n_videos: int, why: str) -> ItemItem:
    empty = np.zeros((0, 0), np.float32)
    return ItemItem(np.zeros(0, np.int64), empty, np.zeros(0), n_videos, why)


def _closed_form(gram: Floats, ridge: float) -> tuple[Floats, Doubles]:
    """X'X (w, w), which is overwritten -> B (w, w) and the diagonal of P (w,)."""
    if not len(gram):
        return gram, np.zeros(0)
    diagonal = np.diagonal(gram).copy()
    inverse = _inverse(gram, diagonal, ridge, np.float32)
    if inverse is None:  # too ill-conditioned for single precision
        inverse = _inverse(gram, diagonal, ridge, np.float64)
    if inverse is None:
        raise StageFailed(
            f"The item-item matrix cannot be inverted with interest.ease.regularisation = {ridge}.",
            "Raise it, for example to 500.",
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
