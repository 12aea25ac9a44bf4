"""Paired differences of two reports or systems, with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Doubles
from vireo.errors import InputError
from vireo.evaluation.bootstrap import BootstrapSample
from vireo.evaluation.export import BETWEEN, GROUP, JSON, VALUES, WEIGHT
from vireo.evaluation.report import FIRST, RANKING, Comparison, compared

SHOWN = ("hit_rate", "ndcg", "recall", "mrr")
"""Compared where no metric is named, at every k."""


@dataclass(frozen=True)
class SavedReport:
    """A report read back: the protocol and the values that comparisons need."""

    path: Path
    protocol: Mapping[str, Any]
    values: Mapping[str, Mapping[str, Doubles]]
    sample: BootstrapSample
    seed: int

    @classmethod
    def load(cls, path: Path) -> SavedReport:
        """From the folder of a report or its report.json; raises InputError for anything else."""
        folder = path if path.is_dir() else path.parent
        try:
            document = json.loads((folder / JSON).read_text(encoding="utf-8"))
            frame = pl.read_parquet(folder / VALUES)
            sample = BootstrapSample(
                frame[GROUP].to_numpy().astype(np.int64), frame[WEIGHT].to_numpy().astype(float)
            )
            protocol, seed = dict(document["protocol"]), int(document["seed"])
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
            raise InputError(
                f"{folder} is no saved report ({JSON} and {VALUES}): {str(error).splitlines()[0]}",
                "`vireo evaluate` saves one under reports/.",
            ) from error
        values: dict[str, dict[str, Doubles]] = {}
        for name in frame.columns:
            system, between, metric = name.partition(BETWEEN)
            if between:
                column = frame[name].to_numpy().astype(np.float64)
                values.setdefault(system, {})[metric] = column
        return cls(folder, protocol, values, sample, seed)

    def system(self, name: str) -> Mapping[str, Doubles]:
        if name not in self.values:
            raise InputError(
                f"{self.path} holds no system '{name}'.", f"Known: {', '.join(self.values)}."
            )
        return self.values[name]


def newest(reports: Path) -> Path:
    """The last saved report of a workspace."""
    found = sorted(path.parent for path in reports.glob(f"*/{JSON}"))
    if not found:
        raise InputError(f"There is no report in {reports}.", "Make one: `vireo evaluate`.")
    return found[-1]


def compare(
    one: str, other: str, *, reports: Path | None = None, metrics: Sequence[str] = ()
) -> list[Comparison]:
    """Every shared system (or the named ones) and metric, one against the other.

    `one` and `other` are a report (its folder or report.json), `report:system`, or a system of the
    newest report in `reports`. Raises InputError where the two did not measure the same split.
    """
    first, second = _opened(one, reports), _opened(other, reports)
    _check_split(first[0], second[0])
    made = []
    for name_one, name_other in _pairs(first, second):
        own, its = first[0].system(name_one), second[0].system(name_other)
        for metric in _wanted(own, its, metrics):
            labels = _labels(one, other, name_one, name_other, first[0].path == second[0].path)
            made.append(
                compared(
                    (labels[0], own[metric]),
                    (labels[1], its[metric]),
                    metric,
                    first[0].seed,
                    first[0].sample,
                )
            )
    return made


def _opened(text: str, reports: Path | None) -> tuple[SavedReport, str]:
    """The report and the system; no system: all of them."""
    if Path(text).exists():
        return SavedReport.load(Path(text)), ""
    path, colon, system = text.rpartition(":")
    if colon and Path(path).exists():
        return SavedReport.load(Path(path)), system
    if reports is None:
        raise InputError(
            f"There is no report '{text}'.", "Name its folder, or `FOLDER:system` for one system."
        )
    return SavedReport.load(newest(reports)), text


def _check_split(one: SavedReport, other: SavedReport) -> None:
    for saved in (one, other):
        if saved.protocol.get("ranking") != RANKING:
            raise InputError(
                f"{saved.path} did not rank the whole catalogue, but: "
                f"{saved.protocol.get('ranking')}. Such figures are several times too high.",
                "Evaluate it again: `vireo evaluate`.",
            )
    first, second = (saved.protocol.get("split_sha256") for saved in (one, other))
    same = len(one.sample.groups) == len(other.sample.groups)
    if not first or first != second or not same:
        raise InputError(
            f"{one.path} and {other.path} did not measure the same split "
            f"({str(first)[:12]} and {str(second)[:12]}): their figures cannot be compared.",
            "Evaluate both with the same protocol, settings and events.",
        )


def _pairs(
    first: tuple[SavedReport, str], second: tuple[SavedReport, str]
) -> list[tuple[str, str]]:
    if first[1] or second[1]:
        return [(first[1] or second[1], second[1] or first[1])]
    shared = [name for name in first[0].values if name in second[0].values]
    if not shared:
        raise InputError("The two reports share no system.", "Name one of each: `REPORT:system`.")
    return [(name, name) for name in shared]


def _wanted(
    one: Mapping[str, Doubles], other: Mapping[str, Doubles], metrics: Sequence[str]
) -> list[str]:
    shared = [metric for metric in one if metric in other]
    for metric in metrics:
        if metric not in shared:
            raise InputError(
                f"'{metric}' cannot be compared per user.", f"Known: {', '.join(shared)}."
            )
    usual = [m for m in shared if m.partition("@")[0] in SHOWN]
    ndcg_first = sorted(usual, key=lambda metric: not metric.startswith(FIRST))
    return list(metrics) or ndcg_first


def _labels(
    one: str, other: str, name_one: str, name_other: str, same_report: bool
) -> tuple[str, str]:
    if same_report and name_one != name_other:
        return name_one, name_other
    return f"{_short(one)}:{name_one}", f"{_short(other)}:{name_other}"


def _short(text: str) -> str:
    path = text if Path(text).exists() else text.rpartition(":")[0]
    place = Path(path)
    return place.parent.name if place.name == JSON else place.name
