"""How much each expert's word counts: found on what viewers wanted next, held back for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.interest.base import Batch, Expert
from vireo.interest.fusion import CONTENT, NEWCOMER, candidates, opinions
from vireo.interest.holding import HeldBack, pairs

DEFAULTS: Mapping[str, float] = {
    "popularity": 0.25,
    "recent": 0.25,
    "trend": 0.0,
    "ease": 1.0,
    "ease-recent": 1.0,
    "factors": 0.5,
    "content": 1.0,
}
"""Taken, scaled to sum 1, where too few viewers could be held back; other experts get 0.5.
`trend` says little that popularity does not, unless there are many viewers."""
FEWEST_USERS = 50
"""Below this, what validation says is mostly noise."""
MOST_CELLS = 130_000_000
"""Scores kept in memory at once (4 bytes each): large catalogues are validated on fewer users."""
STEPS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
"""Weights that are tried for an expert, against weight 1 of the best single one."""
IMPERSONAL = frozenset({"popularity", "recent"})
"""Experts that say the same to everybody."""
NEWCOMERS = (0.0, 0.25, 0.75, 1.0, 1.25, 1.5)
"""What is tried in place of NEWCOMER."""
_BLOCK = 256
"""Users heard at once."""
_PAIRS = 2048
"""Pairs of a user and a target that are ranked at once."""
NOISE = 2.0
"""Standard errors by which a step must help: many steps are tried, and luck favours some."""


@dataclass(frozen=True)
class Court:
    """Every expert's standardised opinion on the users held back, and how good a sum of them is."""

    said: Mapping[str, Floats]
    """Per expert (v, n); 0 for videos that are new to it."""
    of_new: Floats
    """(v, n) what content says of new videos, 0 elsewhere."""
    unseen: Bools
    """(v, n) the candidates."""
    owner: Ints
    targets: Ints
    """(p,) pairs of a user's place and a video that this user wanted next."""
    knowing: frozenset[str] = frozenset({CONTENT})
    """The experts that can tell new videos apart."""

    @classmethod
    def hear(
        cls, experts: Mapping[str, Expert], held: HeldBack, warm: Bools, repeats: bool = False
    ) -> Court:
        histories = held.histories
        shape = (len(held.rows), histories.n_videos)
        said = {name: np.zeros(shape, dtype=np.float32) for name in experts}
        unseen = np.zeros(shape, dtype=np.bool_)
        for start in range(0, len(held.rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = [histories.row(int(row)) for row in held.rows[part]]
            times = None if held.times is None else held.times[part].tolist()
            batch = Batch(rows, histories.now, histories.n_videos, times=times)
            unseen[part] = candidates(batch, repeats)
            for name, scores in opinions(experts, batch, warm, 0.0, repeats).items():
                said[name][part] = scores
        of_new = np.where(warm, 0.0, said[CONTENT]) if CONTENT in said else np.zeros((1, 1))
        knowing = frozenset(name for name, expert in experts.items() if expert.knows_new)
        return cls(said, of_new.astype(np.float32), unseen, *pairs(held.targets), knowing)

    def total(self, weights: Mapping[str, float], newcomer: float) -> Floats:
        """The weighted sum; `newcomer` as in `fused`. (v, n)"""
        total = np.zeros(self.unseen.shape, dtype=np.float32)
        for name, weight in weights.items():
            total += self.heard(name, weight, newcomer)
        return total

    def heard(self, name: str, weight: float, newcomer: float) -> Floats:
        """One expert's weighted part, content standing in for it on new videos. (v, n)"""
        part: Floats = np.float32(weight) * self.said[name]
        if name not in self.knowing and newcomer:
            part = part + np.float32(weight * newcomer) * self.of_new
        return part

    def gains(self, total: Floats) -> Doubles:
        """NDCG@10 of every user: full ranking, ties lost. (v,)"""
        users = len(self.unseen)
        best = np.zeros(users)
        counts = np.bincount(self.owner, minlength=users)
        ideal = np.cumsum(1.0 / np.log2(np.arange(10) + 2.0))[np.clip(counts, 1, 10) - 1]
        scores = np.where(self.unseen, total, -np.inf)
        places = min(10, scores.shape[1])
        tenth = -np.partition(-scores, places - 1, axis=1)[:, places - 1]
        own = scores[self.owner, self.targets]
        near = np.flatnonzero((own >= tenth[self.owner]) & (own > -np.inf))
        for start in range(0, len(near), _PAIRS):  # only these can be among the ten
            pairs = near[start : start + _PAIRS]
            owner = self.owner[pairs]
            rank = (scores[owner] >= own[pairs][:, None]).sum(axis=1)
            np.add.at(best, owner, np.where(rank <= 10, 1.0 / np.log2(rank + 1.0), 0.0))
        return np.asarray(best / ideal, dtype=np.float64)


def choose(court: Court) -> tuple[dict[str, float], float]:
    """Greedy forward selection: from the best personal expert, add who helps beyond noise.

    Every expert of the court gets a weight, most of them perhaps 0; they sum to 1. What is the
    same for everybody (IMPERSONAL) never outweighs what is personal: on logs of what a site showed
    to all, recent popularity predicts best and recommends nothing. Then the weight at which
    content stands in for the others on new videos (`newcomer`).
    """
    alone = {n: court.gains(court.heard(n, 1.0, NEWCOMER)).mean() for n in court.said}
    personal = [name for name in alone if name not in IMPERSONAL] or list(alone)
    weights = {max(personal, key=lambda name: alone[name]): 1.0}
    total = court.total(weights, NEWCOMER)
    while found := _best_step(court, total, _steps(court.said, weights)):
        name, weight = found
        weights[name] = weight
        total = total + court.heard(name, weight, NEWCOMER)
    newcomer = _best_newcomer(court, weights)
    whole = sum(weights.values())
    return {name: round(weights.get(name, 0.0) / whole, 6) for name in court.said}, newcomer


def _steps(names: Iterable[str], weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """Every expert that has no weight yet, with every weight that it may get."""
    same_for_all = sum(weight for name, weight in weights.items() if name in IMPERSONAL)
    room = sum(weights.values()) - 2 * same_for_all
    return [
        (name, weight)
        for name in names
        for weight in STEPS
        if name not in weights and (name not in IMPERSONAL or weight <= room)
    ]


def _best_step(
    court: Court, total: Floats, steps: Sequence[tuple[str, float]]
) -> tuple[str, float] | None:
    """The expert and the weight that help most, if they help beyond noise."""
    before = court.gains(total)
    best, found = 0.0, None
    for name, weight in steps:
        change = court.gains(total + court.heard(name, weight, NEWCOMER)) - before
        error = change.std() / np.sqrt(len(change))
        if change.mean() > max(best, NOISE * error):
            best, found = float(change.mean()), (name, weight)
    return found


def _best_newcomer(court: Court, weights: Mapping[str, float]) -> float:
    """The stand-in that helps most beyond noise; NEWCOMER if none does."""
    before = court.gains(court.total(weights, NEWCOMER))
    best, found = 0.0, NEWCOMER
    for newcomer in NEWCOMERS:
        change = court.gains(court.total(weights, newcomer)) - before
        error = change.std() / np.sqrt(len(change))
        if change.mean() > max(best, NOISE * error):
            best, found = float(change.mean()), newcomer
    return found


def default_weights(names: Sequence[str]) -> dict[str, float]:
    """Sensible weights for experts that could not be validated; they sum to 1."""
    raw = {name: DEFAULTS.get(name, 0.5) for name in names}
    whole = sum(raw.values()) or 1.0
    return {name: round(weight / whole, 6) for name, weight in raw.items()}
