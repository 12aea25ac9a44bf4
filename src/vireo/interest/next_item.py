"""Next-item model: ridge regression from the decayed last videos to the next one.

A row per event: the input holds every earlier video of that user, decayed by exp(-lag / span),
once per span; the output is the event's own video. W = (X'X + lambda I)^-1 X'Y has a closed form,
and so have X'X and X'Y, because the decay is geometric: a pair of events (a, b) of one user is in
all rows after b, which is a geometric series. Linear next-item models: Choi et al. 2021 (SLIT);
several spans give the last video and the long-term taste separate weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from vireo.arrays import Doubles, Floats, Ints
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.interest.base import Batch, InterestSection, NextItemSection, Training
from vireo.interest.column_blocks import ColumnBlocks, worth_it

_FILE = "next.safetensors"
_MIN_DECAY = 1e-3
"""Inputs that have decayed below this are left out."""
_CHUNK = 4_000_000
"""Pairs of events that are added up at once."""


@dataclass(frozen=True)
class DecayedInputs:
    """How much of each video is left in a viewer's memory, once per span."""

    videos: Ints
    """(w,) rows in the catalogue, rising; others are not remembered."""
    spans: tuple[float, ...]
    n_videos: int

    @cached_property
    def place(self) -> Ints:
        """Row in the catalogue -> place in `videos`, or -1. (n,)"""
        place = np.full(self.n_videos, -1, dtype=np.int64)
        place[self.videos] = np.arange(len(self.videos))
        return place

    def inputs(self, batch: Batch) -> sparse.csr_matrix:
        """Per span, exp(-k / span) for the k-th last positive, until it has decayed.
        (b, spans * w)"""
        positives, size = batch.positives_matrix, len(self.videos)
        places = self.place[positives.videos]
        owners, columns, values = [], [], []
        for at, span in enumerate(self.spans):
            kept = positives.within(span, _MIN_DECAY) & (places >= 0)
            owners.append(positives.owners[kept])
            columns.append(at * size + places[kept])
            values.append(np.exp(-positives.lags[kept] / span))
        shape = (len(batch.histories), size * len(self.spans))
        entries = (np.concatenate(owners), np.concatenate(columns))
        matrix = sparse.csr_matrix((np.concatenate(values), entries), shape=shape, dtype=np.float32)
        matrix.sum_duplicates()
        return matrix

    def remembered(self, history: History) -> Iterator[tuple[Ints, Doubles, Ints]]:
        """Per span: entries that have not decayed, their inputs, and the decay factors."""
        positive = np.flatnonzero(history.weights > 0)
        places = self.place[history.videos[positive]]
        mine = places >= 0
        lags = np.arange(len(positive))[::-1][mine]
        for block, span in enumerate(self.spans):
            decay = np.exp(-lags / span)
            near = np.flatnonzero(decay >= _MIN_DECAY)
            inputs = block * len(self.videos) + places[mine][near]
            yield positive[mine][near], decay[near], inputs


@dataclass(frozen=True)
class NextItem:
    """W, (spans * w, w) among the `videos`; all others score 0."""

    name: ClassVar[str] = "next-item"
    scores_cold_items: ClassVar[bool] = False
    videos: Ints
    """(w,) rows in the catalogue, rising."""
    spans: tuple[float, ...]
    matrix: Floats
    n_videos: int
    note: str = ""
    """Reason of a fit without all videos: memory."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        settings = section.next_item
        videos, spans = _affordable(training, settings)
        note = ""
        if len(videos) < int(training.warm.sum()) or spans != settings.decay_lengths:
            note = (
                f"next: {len(videos)} of {int(training.warm.sum())} watched videos and spans "
                f"{list(spans)} fit into interest.next_item.max_memory_mb = "
                f"{settings.max_memory_mb}."
            )
            context.progress.say(note)
        users, items = _sequences(training, videos)
        gram = _gram(users, items, spans, len(videos))
        outputs = _outputs(users, items, spans, len(videos))
        matrix = _solved(gram, outputs, settings.regularization)
        fitted = cls(videos, spans, matrix, training.n_videos, note)
        training.shared[cls.name] = fitted
        return fitted

    def score(self, batch: Batch) -> Floats:
        inputs = self.decayed_inputs.inputs(batch)
        if len(batch.histories) > 1 and worth_it(inputs, len(self.videos), self.n_videos):
            return self._strips.times(inputs)
        scores = np.zeros((len(batch.histories), self.n_videos), dtype=np.float32)
        scores[:, self.videos] = inputs @ self.matrix
        return scores

    def score_subset(self, batch: Batch) -> Floats:
        """The scores of `videos` alone. (b, w)"""
        return np.asarray(self.decayed_inputs.inputs(batch) @ self.matrix, dtype=np.float32)

    @cached_property
    def _strips(self) -> ColumnBlocks:
        return ColumnBlocks.of(self.matrix, self.videos, self.n_videos)

    @cached_property
    def decayed_inputs(self) -> DecayedInputs:
        return DecayedInputs(self.videos, self.spans, self.n_videos)

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: the entries add up to the score."""
        return self.contributions_to(history, np.array([video]))[:, 0]

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """The same for several videos (v,). -> (m, v)"""
        added = np.zeros((len(history.videos), len(videos)), dtype=np.float32)
        columns = self.decayed_inputs.place[videos]
        theirs = np.flatnonzero(columns >= 0)
        for entries, left, inputs in self.decayed_inputs.remembered(history):
            weights = self.matrix[np.ix_(inputs, columns[theirs])]
            added[np.ix_(entries, theirs)] += left[:, None] * weights
        return added

    def save(self, directory: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "videos": self.videos,
            "spans": np.array(self.spans, dtype=np.float64),
            "matrix": self.matrix,
            "n_videos": np.array([self.n_videos]),
        }
        save_file(arrays, directory / _FILE, metadata={"note": self.note})

    @classmethod
    def load(cls, directory: Path) -> Self:
        arrays = read_arrays(directory / _FILE)
        with safe_open(directory / _FILE, "np") as file:
            note = (file.metadata() or {}).get("note", "")
        spans, n_videos = tuple(arrays["spans"].tolist()), int(arrays["n_videos"][0])
        return cls(arrays["videos"], spans, arrays["matrix"], n_videos, note)


def _affordable(training: Training, settings: NextItemSection) -> tuple[Ints, tuple[float, ...]]:
    """The most watched videos and as many spans, the middle ones first, as the memory allows."""
    side = int(np.sqrt(settings.max_memory_mb * 2**20 / 4))
    warm = np.flatnonzero(training.warm)
    middle = len(settings.decay_lengths) // 2
    order = sorted(range(len(settings.decay_lengths)), key=lambda at: (abs(at - middle), at))
    fitting = min(len(order), side // max(len(warm), 1))
    spans = tuple(settings.decay_lengths[at] for at in sorted(order[: max(fitting, 1)]))
    if len(warm) > side:
        most = np.argsort(-training.user_counts[warm], kind="stable")[:side]
        warm = np.sort(warm[most])
    return warm, spans


def _sequences(training: Training, videos: Ints) -> tuple[Ints, Ints]:
    """Positive events among the videos, in order: (user row, place in `videos`). (e,), (e,)"""
    histories = training.histories
    place = np.full(training.n_videos, -1, dtype=np.int64)
    place[videos] = np.arange(len(videos))
    keep = (histories.weights > 0) & (place[histories.videos] >= 0)
    return histories.user_rows[keep], place[histories.videos[keep]]


def _longest(span: float) -> int:
    """Lag at which an input has decayed."""
    return int(np.ceil(-np.log(_MIN_DECAY) * span))


def _after(users: Ints) -> Ints:
    """How many events of the same user follow each event. (e,)"""
    last = np.searchsorted(users, users, side="right") - 1
    return np.asarray(last - np.arange(len(users)))


def _gram(users: Ints, items: Ints, spans: tuple[float, ...], size: int) -> Floats:
    """X'X. (spans * size, spans * size) float32"""
    gram = np.zeros((len(spans) * size, len(spans) * size), dtype=np.float32)
    after = _after(users)
    for one, early in enumerate(spans):
        for two, late in enumerate(spans):
            ratio = np.exp(-1.0 / early - 1.0 / late)
            meetings = (1.0 - ratio**after) / (1.0 - ratio)  # of a pair whose later event is this
            block = _added(users, items, meetings, early, 0, size)
            rows, columns = slice(one * size, (one + 1) * size), slice(two * size, (two + 1) * size)
            gram[rows, columns] += block.astype(np.float32)
            # the diagonal of lag 0 is in once; the pairs of other lags count both ways round
            np.add.at(block, (items, items), -meetings)
            gram[columns, rows] += block.T.astype(np.float32)
    return gram


def _outputs(users: Ints, items: Ints, spans: tuple[float, ...], size: int) -> Floats:
    """X'Y. (spans * size, size) float32"""
    ones = np.ones(len(items))
    blocks = [np.exp(1.0 / span) * _added(users, items, ones, span, 1, size) for span in spans]
    return np.vstack(blocks).astype(np.float32)


def _added(
    users: Ints, items: Ints, values: Doubles, span: float, first: int, size: int
) -> Doubles:
    """Sum over pairs of one user's events, `lag` apart, of exp(-lag / span) * values[later].

    Lags from `first` until the input has decayed. -> (size, size): [earlier item, later item]
    """
    total = np.zeros(size * size)
    cells: list[Ints] = []
    amounts: list[Doubles] = []
    gathered = 0
    for lag in range(first, min(_longest(span), len(items)) + 1):
        earlier, later = slice(0, len(items) - lag), slice(lag, len(items))
        same = users[earlier] == users[later]
        cells.append((items[earlier] * size + items[later])[same])
        amounts.append((np.exp(-lag / span) * values[later])[same])
        gathered += len(cells[-1])
        if gathered > _CHUNK:
            total += np.bincount(np.concatenate(cells), np.concatenate(amounts), size * size)
            cells, amounts, gathered = [], [], 0
    if gathered:
        total += np.bincount(np.concatenate(cells), np.concatenate(amounts), size * size)
    return total.reshape(size, size)


def _solved(gram: Floats, outputs: Floats, ridge: float) -> Floats:
    """(gram + ridge I)^-1 outputs, by Cholesky; in double precision where single fails."""
    if not len(gram):
        return outputs
    diagonal = np.diagonal(gram) + np.float32(ridge)
    for dtype in (np.float32, np.float64):
        matrix = np.array(gram, dtype=dtype, order="F")
        np.fill_diagonal(matrix, diagonal)
        try:
            factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            continue
        solution = cho_solve(factor, outputs.astype(dtype), check_finite=False)
        if np.isfinite(solution).all():
            return np.ascontiguousarray(solution, dtype=np.float32)
    raise StageFailed(
        "The next-item matrix cannot be inverted with interest.next_item.regularization = "
        f"{ridge}.",
        "Raise it, for example to 300.",
    )
