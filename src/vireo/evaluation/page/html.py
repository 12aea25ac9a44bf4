"""Report as one HTML page without scripts or external files."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from vireo.evaluation.beyond_accuracy import LOWER_IS_BETTER
from vireo.evaluation.metrics import NAMES
from vireo.evaluation.page.labels import GROUPS, KNOWN, METRICS, base, k_of, prefix, sentence
from vireo.evaluation.page.report_figures import figures, learning_curves

if TYPE_CHECKING:
    from vireo.evaluation.report import Report


@cache
def _template() -> Template:
    """Autoescape is on: names, settings and notes of a report are foreign text."""
    made = Environment(
        loader=PackageLoader("vireo.evaluation.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template("report.html")


def page(report: Report) -> str:
    """The whole page."""
    first = k_of(report.first)
    return _template().render(
        report=report,
        name=str(report.protocol.get("split", {}).get("protocol", "evaluation")),
        facts=_facts(report),
        accuracy=[m for m in _columns(report, first) if base(m) in NAMES],
        beyond=[m for m in _columns(report, first) if base(m) not in NAMES],
        groups=_group_columns(report, first),
        others={
            k: _columns(report, k) for k in sorted({k_of(m) for m in report.metrics} - {first})
        },
        figures=figures(report),
        curves=list(learning_curves(report)),
        protocol={key: _plain(value) for key, value in report.protocol.items()},
        glossary=METRICS,
        sentence=sentence,
        base=base,
        best=_best,
    )


def _facts(report: Report) -> dict[str, str]:
    """Label -> count, as far as the protocol has them."""
    names = {"users": "users", "videos": "videos ranked", "targets": "targets"}
    counts = {
        label: f"{report.protocol[key]:,}"
        for key, label in names.items()
        if isinstance(report.protocol.get(key), int)
    }
    checksum = str(report.protocol.get("split_sha256", ""))[:12]
    facts = {**counts, "systems": str(len(report.systems)), "split (sha256)": checksum}
    return {label: value for label, value in facts.items() if value}


def _columns(report: Report, k: int) -> list[str]:
    """Metrics at k over all targets."""
    return [metric for metric in report.metrics if k_of(metric) == k and not prefix(metric)]


def _group_columns(report: Report, k: int) -> list[str]:
    """NDCG at k of the groups."""
    order = [*GROUPS, *KNOWN]
    return sorted(
        (m for m in report.metrics if k_of(m) == k and base(m) == "ndcg" and prefix(m) in order),
        key=lambda metric: order.index(prefix(metric)),
    )


def _best(report: Report, metric: str) -> list[str]:
    """The systems with the best mean of a metric; none where no end is better."""
    means = {name: own[metric].mean for name, own in report.systems.items() if metric in own}
    if len(means) < 2 or base(metric) == "popularity_lift":
        return []
    best = min(means.values()) if base(metric) in LOWER_IS_BETTER else max(means.values())
    return [name for name, mean in means.items() if mean == best]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
