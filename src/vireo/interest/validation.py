"""How much each expert's word counts: found on the last videos of viewers, held back for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.behavior.base import Histories
from vireo.interest.base import Batch, Expert
from vireo.interest.fusion import candidates, opinions

DEFAULTS: Mapping[str, float] = {
    "popularity": 0.25,
    "recent": 0.25,
    "ease": 1.0,
    "ease-recent": 1.0,
    "factors": 0.5,
    "content": 1.0,
}
"""Taken, scaled to sum 1, where too few viewers could be held back; other experts get 0.5."""
FEWEST_USERS = 50
"""Below this, what validation says is mostly noise."""
MOST_CELLS = 130_000_000
"""Scores kept in memory at once (4 bytes each): large catalogues are validated on fewer users."""
STEPS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
"""Weights that are tried for an expert, against weight 1 of the best single one."""
_BLOCK = 256
"""Users heard at once."""
NOISE = 2.0
"""Standard errors by which a step must help: many steps are tried, and luck favours some."""


@dataclass(frozen=True)
class HeldBack:
    """Histories cut before the last wanted video of some users, and those videos."""

    histories: Histories
    rows: Ints
    """(v,) rows of the users, rising."""
    targets: Ints
    """(v,) the video that each of them wanted next."""


def hold_back(histories: Histories, users: int, seed: int) -> HeldBack:
    """Cut the histories of at most `users` random users before their last wanted video.

    Only users who wanted something before, and had not met that video yet, are taken.
    """
    cuts = _last_wanted(histories)
    chosen: list[int] = []
    for row in np.random.default_rng(seed).permutation(np.fromiter(cuts, dtype=np.int64)):
        if len(chosen) == users:
            break
        start, cut = histories.offsets[row], cuts[int(row)]
        if histories.videos[cut] not in histories.videos[start:cut]:
            chosen.append(int(row))
    rows = np.array(sorted(chosen), dtype=np.int64)
    at = np.array([cuts[int(row)] for row in rows], dtype=np.int64)
    return HeldBack(_without(histories, rows, at), rows, histories.videos[at])


def _last_wanted(histories: Histories) -> dict[int, int]:
    """User row -> place of the last wanted event, for users who wanted at least two."""
    wanted = np.flatnonzero(histories.weights > 0)
    rows = histories.user_rows[wanted]
    last = np.flatnonzero(np.append(rows[1:] != rows[:-1], len(rows) > 0))
    many = np.bincount(rows, minlength=len(histories)) >= 2
    return {int(rows[i]): int(wanted[i]) for i in last if many[rows[i]]}


def _without(histories: Histories, rows: Ints, cuts: Ints) -> Histories:
    """The histories of these users end before these places."""
    ends = histories.offsets[1:].copy()
    ends[rows] = cuts
    places = np.arange(len(histories.videos))
    keep = places < ends[histories.user_rows]
    counts = ends - histories.offsets[:-1]
    return replace(
        histories,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=histories.videos[keep],
        weights=histories.weights[keep],
        times=histories.times[keep],
        sessions=histories.sessions[keep],
    )


@dataclass(frozen=True)
class Court:
    """Every expert's standardised opinion on the users held back, and how good a sum of them is."""

    said: Mapping[str, Floats]
    """Per expert (v, n)."""
    unseen: Bools
    targets: Ints

    @classmethod
    def hear(cls, experts: Mapping[str, Expert], held: HeldBack, warm: Bools) -> Court:
        histories = held.histories
        shape = (len(held.rows), histories.n_videos)
        said = {name: np.zeros(shape, dtype=np.float32) for name in experts}
        unseen = np.zeros(shape, dtype=np.bool_)
        for start in range(0, len(held.rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = [histories.row(int(row)) for row in held.rows[part]]
            batch = Batch(rows, histories.now, histories.n_videos)
            unseen[part] = candidates(batch)
            for name, scores in opinions(experts, batch, warm).items():
                said[name][part] = scores
        return cls(said, unseen, held.targets)

    def total(self, weights: Mapping[str, float]) -> Floats:
        total = np.zeros(self.unseen.shape, dtype=np.float32)
        for name, weight in weights.items():
            total += np.float32(weight) * self.said[name]
        return total

    def gains(self, total: Floats) -> Doubles:
        """NDCG@10 of every user: one target, full ranking, ties lost. (v,)"""
        own = total[np.arange(len(self.targets)), self.targets]
        rank = ((total >= own[:, None]) & self.unseen).sum(axis=1)  # from 1: it counts itself
        return np.where(rank <= 10, 1.0 / np.log2(rank + 1.0), 0.0)


def choose(court: Court) -> dict[str, float]:
    """Greedy forward selection: from the best single expert, add who helps beyond noise.

    Every expert of the court gets a weight, most of them perhaps 0; they sum to 1.
    """
    alone = {name: court.gains(said).mean() for name, said in court.said.items()}
    weights = {max(alone, key=lambda name: alone[name]): 1.0}
    total = court.total(weights)
    while found := _best_step(court, total, [n for n in court.said if n not in weights]):
        name, weight = found
        weights[name] = weight
        total = total + np.float32(weight) * court.said[name]
    whole = sum(weights.values())
    return {name: round(weights.get(name, 0.0) / whole, 6) for name in court.said}


def _best_step(court: Court, total: Floats, names: Sequence[str]) -> tuple[str, float] | None:
    """The expert and the weight that help most, if they help beyond noise."""
    before = court.gains(total)
    best, found = 0.0, None
    for name in names:
        for weight in STEPS:
            change = court.gains(total + np.float32(weight) * court.said[name]) - before
            error = change.std() / np.sqrt(len(change))
            if change.mean() > max(best, NOISE * error):
                best, found = float(change.mean()), (name, weight)
    return found


def default_weights(names: Sequence[str]) -> dict[str, float]:
    """Sensible weights for experts that could not be validated; they sum to 1."""
    raw = {name: DEFAULTS.get(name, 0.5) for name in names}
    whole = sum(raw.values()) or 1.0
    return {name: round(weight / whole, 6) for name, weight in raw.items()}
