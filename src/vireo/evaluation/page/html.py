"""A report -> one HTML page: no script, no other host, light or dark as the reader's system is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from vireo.evaluation.beyond_accuracy import LOWER_IS_BETTER
from vireo.evaluation.bootstrap import Estimate
from vireo.evaluation.metrics import NAMES
from vireo.evaluation.page.charts import KNOWN, figures, learning
from vireo.evaluation.page.labels import GROUPS, METRICS, at, base, prefix, sentence

if TYPE_CHECKING:
    from vireo.evaluation.report import Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@cache
def style() -> str:
    return files("vireo.evaluation.page").joinpath("style.css").read_text(encoding="utf-8")


def page(report: Report) -> str:
    """The whole page. Whatever comes from names or settings is escaped."""
    name = str(report.protocol.get("split", {}).get("protocol", "evaluation"))
    body = [
        f"<h1>How good the lists are: {escape(name)}</h1>",
        f'<p class="sub">{escape(sentence(report.protocol))}</p>',
        _facts(report),
        *(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        "<h2>Figures</h2>",
        '<p class="soft">Means over viewers with 95% intervals by bootstrap; the best of each '
        "column is bold.</p>",
        *_tables(report),
        f'<div class="charts" id="plots">{"".join(figures(report))}</div>',
        *_groups(report),
        *_learning(report),
        *_other_lengths(report),
        *_parts(report),
        _protocol(report),
        _glossary(),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Vireo evaluation: {escape(name)}</title><style>{style()}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _facts(report: Report) -> str:
    told = report.protocol
    sha = str(told.get("split_sha256", ""))
    given: list[tuple[Any, str]] = [
        (_count(told.get("users")), "viewers"),
        (_count(told.get("videos")), "videos ranked"),
        (_count(told.get("targets")), "wanted videos"),
        (len(report.systems), "systems"),
        (sha[:12], "split (sha256)"),
    ]
    cells = (
        f"<div><b>{escape(str(value))}</b><span>{escape(words)}</span></div>"
        for value, words in given
        if value not in (None, "")
    )
    return f'<div class="facts">{"".join(cells)}</div>'


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def _tables(report: Report) -> list[str]:
    """At the first k: what is right, and what else the lists are."""
    metrics = _columns(report, at(report.first), grouped=False)
    right = [metric for metric in metrics if base(metric) in NAMES]
    beyond = [metric for metric in metrics if base(metric) not in NAMES]
    return [_table(report, own) for own in (right, beyond) if own]


def _columns(report: Report, k: int, grouped: bool) -> list[str]:
    return [m for m in report.metrics if at(m) == k and bool(prefix(m)) is grouped]


def _table(report: Report, metrics: Sequence[str]) -> str:
    head = "".join(
        f'<th title="{escape(METRICS.get(base(m), ""))}">{escape(m.replace("_", " "))}</th>'
        for m in metrics
    )
    best = {metric: _best(report, metric) for metric in metrics}
    rows = []
    for name, own in report.systems.items():
        cells = "".join(_cell(own.get(m), name in best[m]) for m in metrics)
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return f'<div class="scroll"><table><tr><th>system</th>{head}</tr>{"".join(rows)}</table></div>'


def _best(report: Report, metric: str) -> list[str]:
    means = {name: own[metric].mean for name, own in report.systems.items() if metric in own}
    if len(means) < 2 or base(metric) == "popularity_lift":
        return []
    wanted = min(means.values()) if base(metric) in LOWER_IS_BETTER else max(means.values())
    return [name for name, mean in means.items() if mean == wanted]


def _cell(value: Estimate | None, best: bool) -> str:
    if value is None:
        return '<td class="soft">&ndash;</td>'
    about = "" if value.low is None else f"<small>{value.low:.4f} to {value.high:.4f}</small>"
    kind = ' class="best"' if best else ""
    return f"<td{kind}>{value.mean:.4f}{about}</td>"


def _groups(report: Report) -> list[str]:
    metrics = _columns(report, at(report.first), grouped=True)
    order = [*GROUPS, *KNOWN]
    shown = sorted(
        (m for m in metrics if base(m) == "ndcg" and prefix(m) in order),
        key=lambda metric: order.index(prefix(metric)),
    )
    return ["<h2>By group</h2>", _table(report, shown)] if shown else []


def _learning(report: Report) -> list[str]:
    drawn = list(learning(report))
    if not drawn:
        return []
    return ["<h2>Learning curves</h2>", f'<div class="charts">{"".join(drawn)}</div>']


def _other_lengths(report: Report) -> list[str]:
    others = sorted({at(m) for m in report.metrics} - {at(report.first)})
    made = []
    for k in others:
        metrics = _columns(report, k, grouped=False)
        made.append(f"<details><summary>Lists of {k}</summary>{_table(report, metrics)}</details>")
    return made


def _parts(report: Report) -> list[str]:
    """With several cutoffs: the table of each."""
    if not report.parts:
        return []
    made = ["<h2>Each cutoff</h2>"]
    for part in report.parts:
        made.append(f'<p class="soft">{escape(sentence(part.protocol))}</p>')
        made += _tables(part)
    return made


def _protocol(report: Report) -> str:
    rows = "".join(
        f'<tr><td>{escape(key)}</td><td class="left">{escape(_plain(value))}</td></tr>'
        for key, value in report.protocol.items()
    )
    return (
        "<details><summary>Protocol, counts and checksums</summary>"
        f'<div class="scroll"><table>{rows}</table></div></details>'
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _glossary() -> str:
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="left">{escape(words)}</td></tr>'
        for name, words in METRICS.items()
    )
    return (
        "<details><summary>What the metrics mean</summary>"
        f'<div class="scroll"><table>{rows}</table></div></details>'
    )
