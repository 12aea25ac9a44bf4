"""Early stopping of the sequence network: NDCG@10 on the last videos of held-out users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.interest.base import SequenceSection, Training
from vireo.interest.sequence.windows import (
    PositiveEvents,
    gap_buckets,
    inference_batch,
    positive_events,
)

if TYPE_CHECKING:
    from vireo.interest.sequence.network import SequenceNetwork

_MAX_USERS = 1000
_MIN_USERS = 50
"""With fewer users NDCG is mostly noise: no early stopping."""
_BATCH_SIZE = 32


def no_users() -> Ints:
    """(0,) user rows: nothing is held out."""
    return np.zeros(0, dtype=np.int64)


def held_out_users(training: Training, table_rows: Ints, seed: int) -> Ints:
    """Rows of the users whose last positive event is held out; none where they are too few.

    `table_rows` (n,) maps a catalogue row to its row of the embedding table; -1: no embedding.
    """
    histories = training.histories
    keep = (histories.weights > 0) & (table_rows[histories.videos] >= 0)
    counts = np.bincount(histories.user_rows[keep], minlength=len(histories))
    eligible = np.flatnonzero(counts >= 3)
    if len(eligible) < 2 * _MIN_USERS:
        return no_users()
    order = np.random.default_rng(seed).permutation(len(eligible))
    return np.sort(eligible[order[: min(_MAX_USERS, len(eligible) // 2)]])


@dataclass(frozen=True)
class ValidationQueries:
    """Histories of the held-out users, concatenated, and the video that followed each."""

    videos: Ints
    """(e,) rows of the embedding table."""
    times: Ints
    """(e,)"""
    ends: Ints
    """(u,) where each user's events end."""
    targets: Ints
    """(u,)"""
    target_times: Ints
    """(u,)"""

    @classmethod
    def of(cls, training: Training, table_rows: Ints, users: Ints) -> Self:
        """The last positive event of each user row is the target, those before it the history."""
        events = [
            positive_events(training.histories.row(row), table_rows >= 0) for row in users.tolist()
        ]
        none = [no_users()]
        return cls(
            np.concatenate(none + [table_rows[videos[:-1]] for videos, _ in events]),
            np.concatenate(none + [times[:-1] for _, times in events]),
            np.cumsum([len(videos) - 1 for videos, _ in events], dtype=np.int64),
            np.array([table_rows[videos[-1]] for videos, _ in events], dtype=np.int64),
            np.array([times[-1] for _, times in events], dtype=np.int64),
        )

    def ndcg(self, network: SequenceNetwork, settings: SequenceSection) -> float:
        """Mean NDCG@10 of the targets among the videos that the user has not seen."""
        network.eval()
        seen = np.split(self.videos, self.ends[:-1])
        histories = list(zip(seen, np.split(self.times, self.ends[:-1]), strict=True))
        states = torch_states(network, histories, self.target_times.tolist(), settings)
        table = network.output_embeddings().detach().cpu().numpy()
        scores = states @ table.T + network.output_biases().detach().cpu().numpy()
        gains = []
        for row, target in enumerate(self.targets.tolist()):
            target_score = scores[row, target]
            scores[row, seen[row]] = -np.inf
            rank = int((scores[row] >= target_score).sum()) + int(target in seen[row])
            gains.append(1.0 / np.log2(rank + 1.0) if rank <= 10 else 0.0)
        return float(np.mean(gains))


def torch_states(
    network: SequenceNetwork,
    histories: Sequence[PositiveEvents],
    query_times: Sequence[int],
    settings: SequenceSection,
) -> Floats:
    """States after the last event of each history, none empty, by the network in training. (b, d)

    A trained network computes them by `HistoryEncoder`, without torch.
    """
    import torch

    states = np.zeros((len(histories), network.dimension), dtype=np.float32)
    order = np.argsort([len(videos) for videos, _ in histories], kind="stable")
    device = network.item_bias.device
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH_SIZE):
            rows = order[start : start + _BATCH_SIZE].tolist()
            batch, last = inference_batch(
                [histories[row] for row in rows],
                [query_times[row] for row in rows],
                settings.max_length,
            )
            gaps = gap_buckets(batch.gaps, settings.time_aware)
            inputs = (torch.from_numpy(array).to(device) for array in (batch.videos, gaps, last))
            states[rows] = network.states_at(*inputs).cpu().numpy()
    return states
