"""Average of the reports of several cutoffs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vireo.arrays import Doubles
from vireo.evaluation.beyond_accuracy import OVER_ALL
from vireo.evaluation.bootstrap import BootstrapSample, Estimate, estimates_of_systems
from vireo.evaluation.report import Report
from vireo.evaluation.splits import digest_of_several


def averaged(reports: Sequence[Report]) -> Report:
    """Each clock counts the same, however many users it has; a user's rows are drawn together."""
    first = reports[0]
    sample = _sample(reports)
    values = {
        system: {m: _joined(reports, system, m) for m in first.values[system]}
        for system in first.values
    }
    means = estimates_of_systems(values, first.seed, sample)
    systems = {name: {**own, **_of_all_lists(reports, name)} for name, own in means.items()}
    notes = tuple(dict.fromkeys(note for report in reports for note in report.notes))
    return Report(
        _protocol(reports), systems, values, first.seed, sample, parts=tuple(reports), notes=notes
    )


def _sample(reports: Sequence[Report]) -> BootstrapSample:
    users = sorted({user for report in reports for user in report.users})
    number = {user: at for at, user in enumerate(users)}
    groups = [number[user] for report in reports for user in report.users]
    weights = [np.full(len(report.users), 1.0 / max(len(report.users), 1)) for report in reports]
    return BootstrapSample(np.array(groups, dtype=np.int64), np.concatenate(weights))


def _joined(reports: Sequence[Report], system: str, metric: str) -> Doubles:
    return np.concatenate(
        [
            report.values[system].get(metric, np.full(len(report.users), np.nan))
            for report in reports
        ]
    )


def _of_all_lists(reports: Sequence[Report], system: str) -> dict[str, Estimate]:
    """Coverage and Gini, which no single user has: the mean over the clocks."""
    return {
        metric: Estimate(
            float(np.mean([report.systems[system][metric].mean for report in reports]))
        )
        for metric in reports[0].systems[system]
        if metric.startswith(OVER_ALL)
    }


def _protocol(reports: Sequence[Report]) -> dict[str, Any]:
    first = reports[0].protocol
    cutoffs = [report.protocol["split"]["cutoff"] for report in reports]
    kept = ("ranking", "ks", "videos", "settings")
    return {
        **{name: first[name] for name in kept if name in first},
        "split": {"protocol": "time", "cutoffs": cutoffs},
        "split_sha256": digest_of_several([r.protocol["split_sha256"] for r in reports]),
        "users": len({user for report in reports for user in report.users}),
        "lists": sum(len(report.users) for report in reports),
        "targets": sum(report.protocol["targets"] for report in reports),
        "average": "of the cutoffs, each counting the same; each one's report is in `parts`",
    }
