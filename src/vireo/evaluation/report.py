"""Report: figures of an evaluation with intervals and its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vireo.arrays import Doubles
from vireo.errors import InputError
from vireo.evaluation.bootstrap import BootstrapSample, Estimate, interval, resampled_means

RANKING = "all videos that the user has not met; ties lost"
"""Ranking protocol of every report; figures from sampled candidates are not comparable."""
FIRST = "ndcg@"
"""The metric that is meant where none is named, at the first k."""


@dataclass(frozen=True)
class Comparison:
    """One system against another on the same users."""

    system: str
    other: str
    metric: str
    value: float
    other_value: float
    low: float
    high: float
    """95% interval of the difference, by paired bootstrap."""

    @property
    def difference(self) -> float:
        return self.value - self.other_value

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        verdict = "" if self.shown else ", no difference shown"
        return (
            f"{self.system} {self.value:.4f} against {self.other} {self.other_value:.4f} "
            f"{self.metric}: {self.difference:+.4f} "
            f"(95% interval {self.low:+.4f} to {self.high:+.4f}){verdict}"
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the verdict."""
        return {
            "system": self.system,
            "other": self.other,
            "metric": self.metric,
            "value": self.value,
            "other_value": self.other_value,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "shown": self.shown,
            "text": str(self),
        }


@dataclass(frozen=True)
class Slice:
    """Some of the users, or the targets of one class of videos."""

    label: str
    users: int
    systems: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True)
class Report:
    """Metrics per system over the same users, full ranking, the seen masked."""

    protocol: Mapping[str, Any]
    """The split, its checksum and counts, and everything that was left out."""
    systems: Mapping[str, Mapping[str, Estimate]]
    """System -> `metric@k` -> mean and interval."""
    values: Mapping[str, Mapping[str, Doubles]]
    """System -> `metric@k` -> one value per row of the sample (saved beside the JSON)."""
    seed: int = 0
    sample: BootstrapSample = field(default_factory=lambda: BootstrapSample.plain(0))
    """Whose the values are."""
    users: tuple[str, ...] = ()
    """The user of each row, in memory only: saved reports hold no user ids."""
    slices: Mapping[str, tuple[Slice, ...]] = field(default_factory=dict)
    """`history_length` and `item_popularity`."""
    curves: Mapping[str, list[Mapping[str, float]]] = field(default_factory=dict)
    """Stage or expert -> the steps of its training."""
    parts: tuple[Report, ...] = ()
    """With several cutoffs: the report of each."""
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, e.g. `ndcg@10`, in the order of the systems."""
        return list(dict.fromkeys(m for own in self.systems.values() for m in own))

    @property
    def first(self) -> str:
        """NDCG at the first k: the metric that is meant where none is named."""
        return next(m for m in self.metrics if m.startswith(FIRST))

    def against(self, name: str, system: str = "fused", metric: str | None = None) -> Comparison:
        """`system` compared with `name`; the metric is NDCG at the first k unless named.

        Raises InputError for a system or a metric that was not measured.
        """
        metric = metric or self.first
        one, two = self.column(system, metric), self.column(name, metric)
        return compared((system, one), (name, two), metric, self.seed, self.sample)

    def column(self, system: str, metric: str) -> Doubles:
        """One value per row of the sample; raises InputError for what was not measured."""
        if system not in self.values:
            raise InputError(
                f"The report holds no system '{system}'.", f"Known: {', '.join(self.systems)}."
            )
        if metric not in self.values[system]:
            known = ", ".join(self.values[system])
            raise InputError(f"'{metric}' cannot be compared per user.", f"Known: {known}.")
        return self.values[system][metric]

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for json.dumps."""
        document = {
            "protocol": dict(self.protocol),
            "systems": _figures(self.systems),
            "seed": self.seed,
            "slices": {
                name: [
                    {"label": s.label, "users": s.users, "systems": _figures(s.systems)}
                    for s in slices
                ]
                for name, slices in self.slices.items()
            },
            "curves": {name: [dict(p) for p in points] for name, points in self.curves.items()},
            "notes": list(self.notes),
        }
        return (
            {**document, "parts": [part.as_json() for part in self.parts]}
            if self.parts
            else document
        )


def compared(
    one: tuple[str, Doubles],
    other: tuple[str, Doubles],
    metric: str,
    seed: int,
    sample: BootstrapSample,
) -> Comparison:
    """Two named columns over the same rows, user by user."""
    difference = (one[1] - other[1])[:, None]
    low, high = interval(resampled_means(difference, seed, sample=sample)[:, 0])
    return Comparison(
        one[0], other[0], metric, sample.mean(one[1]), sample.mean(other[1]), low, high
    )


def _figures(systems: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Any]:
    return {
        name: {m: {"mean": e.mean, "low": e.low, "high": e.high} for m, e in estimates.items()}
        for name, estimates in systems.items()
    }
