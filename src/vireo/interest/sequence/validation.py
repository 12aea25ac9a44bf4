"""How good a half-trained network is: NDCG@10 on last videos that were kept from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

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


def no_queries() -> Ints:
    return np.zeros(0, dtype=np.int64)


def held_out(training: Training, place: Ints, seed: int) -> Ints:
    """User rows whose last wanted video is kept to tell when to stop; none if they are few."""
    histories = training.histories
    keep = (histories.weights > 0) & (place[histories.videos] >= 0)
    counts = np.bincount(histories.user_rows[keep], minlength=len(histories))
    able = np.flatnonzero(counts >= 3)
    if len(able) < 2 * _FEWEST_USERS:
        return no_queries()
    order = np.random.default_rng(seed).permutation(len(able))
    return np.sort(able[order[: min(_MOST_USERS, len(able) // 2)]])


@dataclass(frozen=True)
class ValidationQueries:
    """Histories of the users held back, one after the other, and what each wanted next."""

    videos: Ints
    """(e,) rows of the table."""
    times: Ints
    """(e,)"""
    ends: Ints
    """(u,) where each user's events end."""
    targets: Ints
    """(u,)"""
    moments: Ints
    """(u,) when the targets were met."""

    @classmethod
    def of(cls, training: Training, place: Ints, held: Ints) -> Self:
        """The last wanted video of each user row in `held`, and the events before it."""
        known = [readable(training.histories.row(row), place >= 0) for row in held.tolist()]
        nothing = [no_queries()]
        return cls(
            np.concatenate(nothing + [place[videos[:-1]] for videos, _ in known]),
            np.concatenate(nothing + [times[:-1] for _, times in known]),
            np.cumsum([len(videos) - 1 for videos, _ in known], dtype=np.int64),
            np.array([place[videos[-1]] for videos, _ in known], dtype=np.int64),
            np.array([times[-1] for _, times in known], dtype=np.int64),
        )

    def ndcg(self, network: SequenceNetwork, settings: SequenceSection) -> float:
        """NDCG@10 of the targets, what each user had met left out."""
        network.eval()
        seen = np.split(self.videos, self.ends[:-1])
        histories = list(zip(seen, np.split(self.times, self.ends[:-1]), strict=True))
        states = last_states(network, histories, self.moments.tolist(), settings)
        table = network.table().detach().cpu().numpy()
        scores = states @ table.T + network.biases().detach().cpu().numpy()
        gains = []
        for row, target in enumerate(self.targets.tolist()):
            own = scores[row, target]
            scores[row, seen[row]] = -np.inf
            rank = int((scores[row] >= own).sum()) + int(target in seen[row])
            gains.append(1.0 / np.log2(rank + 1.0) if rank <= 10 else 0.0)
        return float(np.mean(gains))


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

    from vireo.interest.sequence.trainer import buckets

    found = np.zeros((len(histories), network.dimension), dtype=np.float32)
    order = np.argsort([len(videos) for videos, _ in histories], kind="stable")
    with torch.inference_mode():
        for start in range(0, len(order), _TOGETHER):
            some = order[start : start + _TOGETHER].tolist()
            part = [histories[at] for at in some], [moments[at] for at in some]
            batch, last = asked(*part, settings.max_length)
            gaps = buckets(batch.gaps, settings.time_aware)
            read = (torch.from_numpy(batch.videos), gaps, torch.from_numpy(last))
            states = network.states_at(*(part.to(network.bias.device) for part in read))
            found[some] = states.cpu().numpy()
    return found


def readable(history: History, known: Bools) -> tuple[Ints, Ints]:
    """(videos, times) of the wanted events of videos with a vector."""
    liked = history.positives
    keep = known[liked.videos]
    return liked.videos[keep], liked.times[keep]
