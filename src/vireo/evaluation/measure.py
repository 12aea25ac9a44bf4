"""A system and its tasks -> per-user columns and figures of all lists, block by block.

Memory holds one block's scores and the per-user columns: nothing grows with users x videos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vireo.arrays import Doubles, Floats, Ints
from vireo.behavior.base import History
from vireo.evaluation.beyond import Background, Exposure, per_list
from vireo.evaluation.metrics import per_user
from vireo.evaluation.ranking import blocks, rank
from vireo.evaluation.slices import METRICS, Popularity
from vireo.evaluation.tasks import Task
from vireo.interest.base import Batch

Scorer = Callable[[Batch], Floats]
"""Viewers -> (b, n) scores."""


@dataclass
class Columns:
    """Per-user values by name, filled block by block; NaN until then."""

    users: int
    values: dict[str, Doubles] = field(default_factory=dict)

    def put(self, name: str, block: slice, values: Doubles) -> None:
        if name not in self.values:
            self.values[name] = np.full(self.users, np.nan)
        self.values[name][block] = values


@dataclass(frozen=True)
class Measured:
    """One system on all tasks of a protocol."""

    values: dict[str, Doubles]
    """`metric@k` -> (u,)"""
    overall: dict[str, float]
    """Figures of all lists together: coverage and Gini at every k."""
    by_popularity: dict[str, dict[str, Doubles]]
    """Class of videos -> `metric@k` of the first k -> (u,)"""


@dataclass(frozen=True)
class Measure:
    """How lists are judged, whoever made them."""

    ks: Sequence[int]
    now: int
    background: Background

    def system(
        self,
        scorer: Scorer,
        tasks: Sequence[Task],
        tick: Callable[[int], None] = lambda users: None,
    ) -> Measured:
        """Lists for everybody. The first task also tells coverage, novelty and the like."""
        users = len(tasks[0].histories)
        columns = Columns(users)
        slices: dict[str, Columns] = {}
        exposures = {k: Exposure(len(self.background.watchers)) for k in self.ks}
        classes = Popularity.of(self.background.watchers)
        for number, task in enumerate(tasks):
            for block in blocks(users, len(self.background.watchers)):
                ranked = self._ranked(scorer, task, block)
                self._judge(ranked, task, block, columns)
                tick(block.stop - block.start)
                if number > 0:
                    continue
                for k, exposure in exposures.items():
                    exposure.show(ranked[:, :k])
                self._look_beyond(ranked, task.histories[block], block, columns)
                for label, wanted in classes.split(task.targets[block]):
                    own = slices.setdefault(label, Columns(users))
                    self._put(own, "", METRICS, ranked, wanted, self.ks[:1], block)
        overall = {f"coverage@{k}": e.coverage() for k, e in exposures.items()}
        overall |= {f"gini@{k}": e.gini() for k, e in exposures.items()}
        return Measured(columns.values, overall, {name: c.values for name, c in slices.items()})

    def _ranked(self, scorer: Scorer, task: Task, block: slice) -> Ints:
        batch = Batch(task.histories[block], self.now, len(self.background.watchers))
        scores = scorer(batch)
        if task.tastes is not None:
            scores = scores + task.tastes.near(block)
        return rank(scores, task.masked[block], task.targets[block], max(self.ks), task.among)

    def _judge(self, ranked: Ints, task: Task, block: slice, columns: Columns) -> None:
        for prefix, targets in {task.prefix: task.targets, **task.parts}.items():
            self._put(columns, prefix, (), ranked, targets[block], self.ks, block)

    def _put(
        self,
        columns: Columns,
        prefix: str,
        only: Sequence[str],
        ranked: Ints,
        targets: Sequence[Ints],
        ks: Sequence[int],
        block: slice,
    ) -> None:
        for k in ks:
            for name, values in per_user(ranked, targets, k).items():
                if not only or name in only:
                    columns.put(f"{prefix}{name}@{k}", block, values)

    def _look_beyond(
        self, ranked: Ints, histories: Sequence[History], block: slice, columns: Columns
    ) -> None:
        for k in self.ks:
            for name, values in per_list(ranked[:, :k], histories, self.background).items():
                columns.put(f"{name}@{k}", block, values)
