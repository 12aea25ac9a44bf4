"""Histories -> windows of consecutive events -> padded batches for the sequence network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import NO_TIME, Histories, History

GAP_BUCKETS = 32
"""Buckets of the time between two events; bucket 0: unknown."""
PER_VIDEO = ("item_embedding.weight", "item_bias")
"""The network's arrays that have a row per video."""
PositiveEvents = tuple[Ints, Ints]
"""Videos and times of one user's positive events, oldest first."""


@dataclass(frozen=True)
class Windows:
    """Positive events user by user, and the windows that they are cut into."""

    users: Ints
    """(e,) user rows, rising."""
    videos: Ints
    """(e,) rows of the embedding table."""
    times: Ints
    """(e,) milliseconds, or NO_TIME."""
    starts: Ints
    ends: Ints
    """(w,) a window is the events from start to end (excluded): 2 to max_length + 1 of them."""

    @property
    def tokens(self) -> int:
        """Number of predictions in one epoch."""
        return int((self.ends - self.starts - 1).sum())


@dataclass(frozen=True)
class PaddedBatch:
    """Input sequences and their targets, padded on the right."""

    videos: Ints
    """(b, l) rows of the embedding table; padding: 0."""
    gaps: Ints
    """(b, l) milliseconds until the next event; unknown and padding: -1."""
    targets: Ints
    """(b, l) the next video's row; no target: -1."""


def positive_events(history: History, has_embedding: Bools) -> PositiveEvents:
    """The positive events of one user, of videos that have an embedding."""
    positives = history.positives
    keep = has_embedding[positives.videos]
    return positives.videos[keep], positives.times[keep]


def windows_of(histories: Histories, table_rows: Ints, length: int, held_out: Ints) -> Windows:
    """Cut every history, from its end, into windows of `length` predictions.

    `table_rows` (n,) maps a catalogue row to its row of the embedding table; -1: no embedding. Of
    the user rows in `held_out` the last event is left out, for validation.
    """
    kept = np.flatnonzero((histories.weights > 0) & (table_rows[histories.videos] >= 0))
    if len(kept):
        last = np.searchsorted(histories.user_rows[kept], held_out, side="right") - 1
        kept = np.delete(kept, last[histories.user_rows[kept[last]] == held_out])
    users, videos = histories.user_rows[kept], table_rows[histories.videos[kept]]
    firsts = np.searchsorted(users, np.arange(len(histories)), side="left")
    lasts = np.searchsorted(users, np.arange(len(histories)), side="right")
    starts: list[int] = []
    ends: list[int] = []
    for first, last_end in zip(firsts.tolist(), lasts.tolist(), strict=True):
        end = last_end
        while end - first > 1:
            start = max(first, end - length - 1)
            starts.append(start)
            ends.append(end)
            end = start + 1  # a window's first event is the last target of the window before
    return Windows(
        users,
        videos,
        histories.times[kept],
        np.array(starts, dtype=np.int64),
        np.array(ends, dtype=np.int64),
    )


def batches_of(windows: Windows, max_tokens: int, rng: np.random.Generator) -> list[Ints]:
    """Batches of window rows of similar length, in random order."""
    lengths = windows.ends - windows.starts - 1
    order = np.argsort(lengths + 8 * rng.random(len(lengths)), kind="stable")
    batches = token_batches(order, lengths, max_tokens)
    return [batches[at] for at in rng.permutation(len(batches)).tolist()]


def token_batches(order: Ints, lengths: Ints, max_tokens: int) -> list[Ints]:
    """Cut the rows in `order` into batches of at most `max_tokens`, padding included.

    A row longer than that is a batch of its own.
    """
    batches: list[Ints] = []
    begin, longest = 0, 0
    for at, length in enumerate(lengths[order].tolist()):
        longest = max(longest, length)
        if at > begin and longest * (at - begin + 1) > max_tokens:
            batches.append(order[begin:at])
            begin, longest = at, length
    return [*batches, order[begin:]] if len(order) else batches


def training_batch(windows: Windows, rows: Ints) -> PaddedBatch:
    """The windows in `rows`: each event but the last is an input, its successor the target."""
    lengths = windows.ends[rows] - windows.starts[rows] - 1
    batch = _empty_batch(lengths)
    for row, (start, size) in enumerate(zip(windows.starts[rows], lengths, strict=True)):
        inputs, targets = slice(start, start + size), slice(start + 1, start + 1 + size)
        batch.videos[row, :size] = windows.videos[inputs]
        batch.targets[row, :size] = windows.videos[targets]
        batch.gaps[row, :size] = time_gaps(windows.times[inputs], windows.times[targets])
    return batch


def inference_batch(
    histories: Sequence[PositiveEvents], query_times: Sequence[int], length: int
) -> tuple[PaddedBatch, Ints]:
    """The last `length` events of each history, none empty, and the position of the last. (b,)

    The last gap reaches to the query time (milliseconds, or NO_TIME).
    """
    lengths = np.array([min(len(videos), length) for videos, _ in histories], dtype=np.int64)
    batch = _empty_batch(lengths)
    for row, ((videos, times), query_time) in enumerate(zip(histories, query_times, strict=True)):
        size = int(lengths[row])
        batch.videos[row, :size] = videos[-size:]
        next_times = np.append(times[-size:][1:], query_time)
        batch.gaps[row, :size] = time_gaps(times[-size:], next_times)
    return batch, lengths - 1


def time_gaps(earlier: Ints, later: Ints) -> Ints:
    """Milliseconds between two times, at least 0; either unknown: -1."""
    known = (earlier != NO_TIME) & (later != NO_TIME)
    return np.where(known, np.maximum(later - earlier, 0), -1)


def gap_buckets(gaps: Ints, time_aware: bool) -> Ints:
    """Milliseconds (unknown: -1) -> bucket 1 + floor(1.5 log2(1 + seconds)), at most 31.

    Unknown gaps, and all gaps unless `time_aware`, are in bucket 0.
    """
    if not time_aware:
        return np.zeros_like(gaps)
    logs = 1.5 * np.log2(1.0 + np.maximum(gaps, 0) / 1000.0)
    buckets = np.minimum(1 + np.floor(logs), GAP_BUCKETS - 1).astype(np.int64)
    return np.where(gaps < 0, 0, buckets)


def _empty_batch(lengths: Ints) -> PaddedBatch:
    """Padding alone, wide enough for sequences of these lengths."""
    shape = (len(lengths), int(lengths.max(initial=1)))
    return PaddedBatch(
        videos=np.zeros(shape, dtype=np.int64),
        gaps=np.full(shape, -1, dtype=np.int64),
        targets=np.full(shape, -1, dtype=np.int64),
    )
