"""Evaluator: metrics of all lists of a system, block by block of users.

Memory holds one block's scores and the per-user columns: nothing grows with users x videos.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vireo.arrays import Doubles, Floats, Ints
from vireo.behavior.base import NO_TIME
from vireo.evaluation.beyond_accuracy import ExposureCounts, MetricContext, per_list
from vireo.evaluation.metrics import per_user
from vireo.evaluation.ranking import Scorer, blocks, rank
from vireo.evaluation.slices import METRICS, PopularityClasses
from vireo.evaluation.tasks import Task
from vireo.interest.base import Batch, Expert

SENTENCES = "fused"
"""The system that reads what users say in words."""


@dataclass
class MetricColumns:
    """Per-user values by name, filled block by block; NaN until then."""

    users: int
    values: dict[str, Doubles] = field(default_factory=dict)

    def put(self, name: str, block: slice, values: Doubles) -> None:
        if name not in self.values:
            self.values[name] = np.full(self.users, np.nan)
        self.values[name][block] = values


@dataclass(frozen=True)
class MetricValues:
    """One system on all tasks of a protocol."""

    values: dict[str, Doubles]
    """`metric@k` -> (u,)"""
    overall: dict[str, float]
    """Figures of all lists together: coverage and Gini at every k."""
    by_popularity: dict[str, dict[str, Doubles]]
    """Class of videos -> `metric@k` of the first k -> (u,)"""


@dataclass
class _Kept:
    """Sums that grow over the blocks of one system."""

    columns: MetricColumns
    exposures: dict[int, ExposureCounts]
    slices: dict[str, MetricColumns] = field(default_factory=dict)

    @classmethod
    def of(cls, users: int, n_videos: int, ks: Sequence[int]) -> _Kept:
        return cls(MetricColumns(users), {k: ExposureCounts(n_videos) for k in ks})

    def measured(self) -> MetricValues:
        overall = {f"coverage@{k}": e.coverage() for k, e in self.exposures.items()}
        overall |= {f"gini@{k}": e.gini() for k, e in self.exposures.items()}
        by_class = {label: columns.values for label, columns in self.slices.items()}
        return MetricValues(self.columns.values, overall, by_class)


class CachedScorer:
    """An expert that is asked twice about one batch: by itself, and within the fused list."""

    def __init__(self, expert: Expert) -> None:
        self.scores_cold_items = expert.scores_cold_items
        self._score = expert.score
        self._batch: Batch | None = None
        self._scores = np.zeros((0, 0), dtype=np.float32)

    def score(self, batch: Batch) -> Floats:
        if batch is not self._batch:
            self._scores, self._batch = self._score(batch), batch
        return self._scores


@dataclass(frozen=True)
class Evaluator:
    """Measures lists of any system."""

    ks: Sequence[int]
    now: int
    background: MetricContext
    is_asked_now: bool = True
    """Whether requests have the time `now`; else no time."""

    def systems(
        self,
        scorers: Mapping[str, Scorer],
        tasks: Sequence[Task],
        tick: Callable[[int], None] = lambda users: None,
    ) -> dict[str, MetricValues]:
        """Metrics of one system. The first task also gives coverage, novelty and the others.

        All systems are asked about one block of users before the next, so that what one of them
        computed for a batch can serve another (`Once`).
        """
        users = len(tasks[0].histories)
        n = len(self.background.watchers)
        kept = {name: _Kept.of(users, n, self.ks) for name in scorers}
        classes = PopularityClasses.of(self.background.watchers)
        for number, task in enumerate(tasks):
            able = [name for name in scorers if task.tastes is None or name == SENTENCES]
            for block in blocks(users, n):
                asking = task.histories[block]
                times = None if self.is_asked_now else [NO_TIME] * len(asking)
                batch = Batch(asking, self.now, n, times=times)
                for name in able:
                    ranked = self._ranked(scorers[name](batch), task, block)
                    self._judge(ranked, task, block, kept[name].columns)
                    if number == 0:
                        self._look_beyond(ranked, task, block, kept[name], classes)
                tick(block.stop - block.start)
        return {name: own.measured() for name, own in kept.items()}

    def _ranked(self, scores: Floats, task: Task, block: slice) -> Ints:
        if task.tastes is not None:
            scores = scores + task.tastes.near(block)
        return rank(scores, task.masked[block], task.targets[block], max(self.ks), task.among)

    def _judge(self, ranked: Ints, task: Task, block: slice, columns: MetricColumns) -> None:
        for prefix, targets in {task.prefix: task.targets, **task.parts}.items():
            self._put(columns, prefix, (), ranked, targets[block], self.ks, block)

    def _put(
        self,
        columns: MetricColumns,
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
        self, ranked: Ints, task: Task, block: slice, kept: _Kept, classes: PopularityClasses
    ) -> None:
        for k, exposure in kept.exposures.items():
            top = ranked[:, :k]
            exposure.show(top)
            for name, values in per_list(top, task.histories[block], self.background).items():
                kept.columns.put(f"{name}@{k}", block, values)
        for label, targets in classes.split(task.targets[block]):
            own = kept.slices.setdefault(label, MetricColumns(kept.columns.users))
            self._put(own, "", METRICS, ranked, targets, self.ks[:1], block)
