"""Ensemble weights for warm items, fitted on held-out events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.interest.base import (
    CONTENT,
    CONTENT_SHARE,
    Batch,
    Expert,
    InterestModel,
    default_cold_weights,
)
from vireo.interest.ensemble import Ensemble, unseen_mask
from vireo.interest.holdout import Holdout, pairs

DEFAULTS: Mapping[str, float] = {
    "popularity": 0.25,
    "recent-popularity": 0.25,
    "trend": 0.0,
    "ease": 1.0,
    "ease-recent": 1.0,
    "als": 0.5,
    "content": 1.0,
}
"""Taken, scaled to sum 1, where too few viewers could be held back; other experts get 0.5.
`trend` says little that popularity does not, unless there are many viewers."""
MIN_USERS = 50
"""Below this, what validation says is mostly noise."""
MAX_CELLS = 130_000_000
"""Scores kept in memory at once (4 bytes each): large catalogues are validated on fewer users."""
STEPS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
"""Weights that are tried for an expert, against weight 1 of the best single one."""
NON_PERSONAL = frozenset({"popularity", "recent-popularity"})
"""Experts with the same scores for all users."""
SHARES = (0.0, 0.25, 0.75, 1.0, 1.25, 1.5)
"""Shares that validation compares with CONTENT_SHARE."""
_BLOCK = 256
"""Users heard at once."""
_PAIRS = 2048
"""Pairs of a user and a target that are ranked at once."""
NOISE = 2.0
"""Standard errors by which a step must help: many steps are tried, and luck favours some."""

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class ValidationScores:
    """Standardized scores of all experts for held-out users, with their targets."""

    scores: Mapping[str, Floats]
    """Per expert (v, n); 0 for videos that are new to it."""
    new: Bools
    """(n,) cold items."""
    unseen: Bools
    """(v, n) the candidates."""
    owner: Ints
    targets: Ints
    """(p,) pairs of a user's place and a held-out positive of this user."""
    knowing: frozenset[str] = frozenset({CONTENT})
    """The experts that can tell new videos apart."""

    @classmethod
    def compute(
        cls,
        experts: Mapping[str, Expert],
        held: Holdout,
        warm: Bools,
        repeats: bool = False,
        among: Ints | None = None,
    ) -> ValidationScores:
        """Of all videos, or only `among` these rows, rising; all targets have to be of them."""
        histories = held.histories
        columns = np.arange(histories.n_videos) if among is None else among
        shape = (len(held.rows), len(columns))
        model = InterestModel(experts, {}, warm=warm, allow_repeats=repeats)
        ensemble = Ensemble.of(model, histories.n_videos)
        said = {name: np.zeros(shape, dtype=np.float32) for name in experts}
        unseen = np.zeros(shape, dtype=np.bool_)
        for start in range(0, len(held.rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = [histories.row(int(row)) for row in held.rows[part]]
            times = None if held.times is None else held.times[part].tolist()
            batch = Batch(rows, histories.now, histories.n_videos, times=times)
            unseen[part] = unseen_mask(batch, repeats)[:, columns]
            scores = ensemble.score(batch, experts)
            for name in experts:
                said[name][part] = scores.standardized(name)[:, columns]
        knowing = frozenset(name for name, expert in experts.items() if expert.scores_cold_items)
        owner, targets = pairs(held.targets)
        return cls(said, ~warm[columns], unseen, owner, np.searchsorted(columns, targets), knowing)

    def total(self, weights: Mapping[str, float], for_cold: Mapping[str, float]) -> Floats:
        """The weighted sum, new videos with the weights `for_cold`. (v, n)"""
        total = np.zeros(self.unseen.shape, dtype=np.float32)
        of_new = np.zeros((len(total), int(self.new.sum())), dtype=np.float32)
        for name, scores in self.scores.items():
            total += np.float32(weights.get(name, 0.0)) * scores
            of_new += np.float32(for_cold.get(name, 0.0)) * scores[:, self.new]
        total[:, self.new] = of_new
        return total

    def combined(self, name: str, weight: float) -> Floats:
        """One expert's weighted part, content standing in for it on new videos. (v, n)"""
        part: Floats = np.float32(weight) * self.scores[name]
        if name not in self.knowing and CONTENT in self.scores:
            part[:, self.new] = (
                np.float32(weight * CONTENT_SHARE) * self.scores[CONTENT][:, self.new]
            )
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


def choose(validation: ValidationScores) -> dict[str, float]:
    """Greedy forward selection: start with the best personal expert, add significant gains.

    Returns a weight for every expert, many of them 0; they sum to 1. Non-personal experts
    (NON_PERSONAL) never outweigh personal ones: on logs of what a site showed
    to all, recent popularity predicts best and recommends nothing.
    """
    alone = {
        name: validation.gains(validation.combined(name, 1.0)).mean() for name in validation.scores
    }
    personal = [name for name in alone if name not in NON_PERSONAL] or list(alone)
    first = max(personal, key=lambda name: alone[name])
    weights, total = {first: 1.0}, validation.combined(first, 1.0)
    while found := _best_step(validation, total, _steps(validation.scores, weights)):
        name, weight = found
        weights[name] = weight
        total = total + validation.combined(name, weight)
    whole = sum(weights.values())
    return {name: round(weights.get(name, 0.0) / whole, 6) for name in validation.scores}


def _steps(names: Iterable[str], weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """Every expert that has no weight yet, with every weight that it may get."""
    non_personal = sum(weight for name, weight in weights.items() if name in NON_PERSONAL)
    spare = sum(weights.values()) - 2 * non_personal
    return [
        (name, weight)
        for name in names
        for weight in STEPS
        if name not in weights and (name not in NON_PERSONAL or weight <= spare)
    ]


def _best_step(
    validation: ValidationScores, total: Floats, steps: Sequence[tuple[str, float]]
) -> tuple[str, float] | None:
    """The expert and weight with the largest gain, if it is significant."""
    tried = ((step, total + validation.combined(*step)) for step in steps)
    return best_significant(validation, total, tried)


def best_significant(
    validation: ValidationScores, total: Floats, tried: Iterable[tuple[Choice, Floats]]
) -> Choice | None:
    """The choice with the largest gain over this total, if it is significant at 95%."""
    before = validation.gains(total)
    best, found = 0.0, None
    for choice, other in tried:
        change = validation.gains(other) - before
        error = change.std() / np.sqrt(len(change))
        if change.mean() > max(best, NOISE * error):
            best, found = float(change.mean()), choice
    return found


def with_content_fallback(
    validation: ValidationScores, weights: Mapping[str, float]
) -> dict[str, float]:
    """Weights for cold items: content replaces the others at the share with the largest
    significant gain, else at CONTENT_SHARE."""
    usual = default_cold_weights(weights, validation.knowing)
    others = (default_cold_weights(weights, validation.knowing, share) for share in SHARES)
    tried = ((other, validation.total(weights, other)) for other in others)
    return best_significant(validation, validation.total(weights, usual), tried) or usual


def default_weights(names: Sequence[str]) -> dict[str, float]:
    """Sensible weights for experts that could not be validated; they sum to 1."""
    raw = {name: DEFAULTS.get(name, 0.5) for name in names}
    whole = sum(raw.values()) or 1.0
    return {name: round(weight / whole, 6) for name, weight in raw.items()}
