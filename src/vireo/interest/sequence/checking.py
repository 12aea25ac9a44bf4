"""How good a half-trained network is: NDCG@10 on last videos that were kept from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import History
from vireo.interest.base import SequenceSection, Training
from vireo.interest.sequence.windows import asked

if TYPE_CHECKING:
    from vireo.interest.sequence.network import SequenceNetwork

_MOST_USERS = 1000
_TOGETHER = 32
"""Viewers whose histories are read at once: what they need stays in the processor's cache."""
_FEWEST_USERS = 50
"""Below this, NDCG on users held back is mostly noise: the planned passes are all made."""


def nobody() -> Ints:
    return np.zeros(0, dtype=np.int64)


def held_back(training: Training, place: Ints, seed: int) -> Ints:
    """User rows whose last wanted video is kept to tell when to stop; none if they are few."""
    histories = training.histories
    keep = (histories.weights > 0) & (place[histories.videos] >= 0)
    counts = np.bincount(histories.user_rows[keep], minlength=len(histories))
    able = np.flatnonzero(counts >= 3)
    if len(able) < 2 * _FEWEST_USERS:
        return nobody()
    order = np.random.default_rng(seed).permutation(len(able))
    return np.sort(able[order[: min(_MOST_USERS, len(able) // 2)]])


def validation(
    training: Training, place: Ints, held: Ints, settings: SequenceSection
) -> Callable[[SequenceNetwork], float]:
    """NDCG@10 of the last wanted videos of the users held back, what they had met left out."""
    histories, targets, moments, seen = [], [], [], []
    for row in held.tolist():
        videos, times = readable(training.histories.row(row), place >= 0)
        histories.append((place[videos[:-1]], times[:-1]))
        targets.append(int(place[videos[-1]]))
        moments.append(int(times[-1]))
        seen.append(place[videos[:-1]])

    def ndcg(network: SequenceNetwork) -> float:
        network.eval()
        states = last_states(network, histories, moments, settings)
        table = network.table().detach().numpy()
        scores = states @ table.T + network.bias.detach().numpy()
        gains = []
        for row, target in enumerate(targets):
            own = scores[row, target]
            scores[row, seen[row]] = -np.inf
            rank = int((scores[row] >= own).sum()) + int(target in seen[row])
            gains.append(1.0 / np.log2(rank + 1.0) if rank <= 10 else 0.0)
        return float(np.mean(gains))

    return ndcg


def last_states(
    network: SequenceNetwork,
    histories: list[tuple[Ints, Ints]],
    moments: list[int],
    settings: SequenceSection,
) -> Floats:
    """(rows, times) per viewer, none empty, and the moments of asking -> (b, d)

    Histories of like length are read together: nothing is spent on filling up.
    """
    import torch

    from vireo.interest.sequence.learning import buckets

    found = np.zeros((len(histories), network.dimension), dtype=np.float32)
    order = np.argsort([len(videos) for videos, _ in histories], kind="stable")
    with torch.inference_mode():
        for start in range(0, len(order), _TOGETHER):
            some = order[start : start + _TOGETHER].tolist()
            part = [histories[at] for at in some], [moments[at] for at in some]
            batch, last = asked(*part, settings.length)
            gaps = buckets(network, batch.gaps, settings.time)
            videos = torch.from_numpy(batch.videos)
            found[some] = network.states_at(videos, gaps, torch.from_numpy(last)).numpy()
    return found


def readable(history: History, known: Bools) -> tuple[Ints, Ints]:
    """(videos, times) of the wanted events of videos with a vector."""
    liked = history.liked
    keep = known[liked.videos]
    return liked.videos[keep], liked.times[keep]
