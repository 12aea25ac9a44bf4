"""Report: what was measured, how, and how sure it is; saved as JSON, Markdown and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.arrays import Doubles
from vireo.errors import InputError
from vireo.evaluation.bootstrap import Estimate, interval, resampled_means
from vireo.evaluation.plot import plot


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


@dataclass(frozen=True)
class Report:
    """Metrics per system over the same users, full ranking, the seen masked."""

    protocol: Mapping[str, Any]
    """The split, its counts and everything that was left out."""
    systems: Mapping[str, Mapping[str, Estimate]]
    values: Mapping[str, Mapping[str, Doubles]]
    """System -> metric -> one value per user (not saved)."""
    seed: int = 0

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics, e.g. `NDCG@10`."""
        return list(next(iter(self.systems.values()), {}))

    def against(self, name: str, system: str = "fused", metric: str | None = None) -> Comparison:
        """`system` compared with `name`; the metric is NDCG at the first k unless named.

        Raises InputError for a system or a metric that was not measured.
        """
        metric = metric or next(m for m in self.metrics if m.startswith("NDCG@"))
        one, two = self._values(system, metric), self._values(name, metric)
        low, high = interval(resampled_means((one - two)[:, None], self.seed)[:, 0])
        return Comparison(system, name, metric, float(one.mean()), float(two.mean()), low, high)

    def _values(self, system: str, metric: str) -> Doubles:
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
        systems = {
            name: {
                metric: {"mean": e.mean, "low": e.low, "high": e.high}
                for metric, e in estimates.items()
            }
            for name, estimates in self.systems.items()
        }
        return {"protocol": dict(self.protocol), "systems": systems, "seed": self.seed}

    def markdown(self) -> str:
        """A heading, the protocol and one table: a row per system, means with intervals."""
        head = ["system", *self.metrics]
        rows = [
            [name, *(str(estimates[metric]) for metric in self.metrics)]
            for name, estimates in self.systems.items()
        ]
        table = [head, ["---"] * len(head), *rows]
        lines = ["# Evaluation", ""]
        lines += [f"- {_cell(key)}: {_cell(value)}" for key, value in self.protocol.items()]
        lines += ["", "Means over users, with 95% bootstrap intervals.", ""]
        lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table]
        return "\n".join(lines) + "\n"

    def save(self, directory: Path) -> None:
        """Write report.json, report.md and report.png into the directory, made if absent."""
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
        (directory / "report.json").write_text(text + "\n", encoding="utf-8")
        (directory / "report.md").write_text(self.markdown(), encoding="utf-8")
        plot(self.systems, directory / "report.png")


def _cell(value: Any) -> str:
    """Text that stays inside its table cell."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
