"""Report as Markdown: protocol, one table per list length, slices, notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vireo.evaluation.page.labels import k_of, sentence

if TYPE_CHECKING:
    from vireo.evaluation.report import Report, Slice


def markdown(report: Report) -> str:
    """A heading, the protocol and tables: a row per system, means with intervals."""
    lines = ["# Evaluation", "", sentence(report.protocol), ""]
    lines += [f"- {cell(key)}: {cell(value)}" for key, value in report.protocol.items()]
    for note in report.notes:
        lines += ["", f"**Note.** {cell(note)}"]
    lines += ["", "Means over users, with 95% bootstrap intervals.", ""]
    for k in dict.fromkeys(k_of(metric) for metric in report.metrics):
        lines += [*_metrics(report, [m for m in report.metrics if k_of(m) == k]), ""]
    lines += _differences(report)
    for name, slices in report.slices.items():
        lines += [f"## {report.first} by {name.replace('_', ' ')}", ""]
        lines += [*_sliced(report, slices), ""]
    for part in report.parts:
        lines += [f"## {cell(sentence(part.protocol))}", "", *_metrics(part, part.metrics), ""]
    return "\n".join(lines).rstrip() + "\n"


def _metrics(report: Report, metrics: Sequence[str]) -> list[str]:
    rows = [
        [name, *(str(own[m]) if m in own else "" for m in metrics)]
        for name, own in report.systems.items()
    ]
    return table(["system", *metrics], rows)


def _differences(report: Report) -> list[str]:
    names = [name for name in report.systems if name != "fused"]
    if "fused" not in report.systems or not report.values or not names:
        return []
    return ["## Differences", "", *(f"- {cell(str(report.against(n)))}" for n in names), ""]


def _sliced(report: Report, slices: Sequence[Slice]) -> list[str]:
    rows = []
    for part in slices:
        found = [part.systems.get(name, {}).get(report.first) for name in report.systems]
        rows.append([part.label, part.users, *("" if e is None else str(e) for e in found)])
    return table(["class", "users", *report.systems], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Lines of a Markdown table."""
    every = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell(entry) for entry in row) + " |" for row in every]


def cell(value: Any) -> str:
    """Text that stays inside its cell and is never markup."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
