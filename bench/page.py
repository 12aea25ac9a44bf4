"""Results files -> docs/benchmarks.md and its plots; nothing on the page comes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import diversity_plot, growth_plot, language_page, scale_page, serve_page, video_page
from bench.evaluator import figures_of
from bench.list_page import list_sections
from bench.page_text import INTRODUCTION, NOTHING, PROTOCOLS, TITLES
from bench.plots import is_of, plot
from bench.results import load
from bench.seed_variance import seeds
from vireo.artifacts.files import read_json
from vireo.errors import StageFailed

MAIN: Mapping[str, str] = {"cold-items": "mixed_ndcg@10", "related": "recall@6"}
"""The figure by which rows are sorted, where it is not NDCG."""
PUSHED = 2.0
"""Cold items that hold more than this many times their part of the catalogue were pushed."""
CURVES = (("diversity", "curve", diversity_plot.draw), ("growth", "rows", growth_plot.draw))
"""Results file, key in it, and the plot of DOCS/<file>.svg."""
Results = Mapping[str, Any]
Row = Mapping[str, Any]


STORED_PHRASES = {
    "what the cache holds is not read anew": "cached texts are not embedded again",
    "nobody tells when a list is asked for": "without the time of the request",
    "told when each list is asked for": "with the time of the request",
    "it is not told how long after an event the next one came": "without the time between events",
    "the vectors of what a user met": "the vectors of the history",
}
"""Phrases of earlier results files and their present form."""


def _present(text: str) -> str:
    for stored, present in STORED_PHRASES.items():
        text = text.replace(stored, present)
    return text


def page(results: Path, docs: Path) -> Path:
    """Write DOCS/benchmarks.md and all of its plots from the results files."""
    found = _found(results)
    plots = docs / "benchmarks"
    plots.mkdir(parents=True, exist_ok=True)
    for name, result in found.items():
        plot(result, MAIN.get(result["protocol"], "ndcg@10"), plots / f"{name}.svg")
    for name, key, draw in CURVES:
        curve = (read_json(results / f"{name}.json") or {}).get(key)
        if curve:
            draw(curve, docs / f"{name}.svg")
    path = docs / "benchmarks.md"
    path.write_text(_whole(found, results), encoding="utf-8")
    return path


def check(results: Path, docs: Path) -> None:
    """Raises StageFailed where the page or a plot is not what the results files give."""
    found = _found(results)
    path = docs / "benchmarks.md"
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    stale = [] if old == _whole(found, results) else [path.name]
    for name, result in found.items():
        if not is_of(docs / "benchmarks" / f"{name}.svg", result):
            stale.append(f"benchmarks/{name}.svg")
    known = {f"{name}.svg" for name in found}
    stale += [f.name for f in (docs / "benchmarks").glob("*.svg") if f.name not in known]
    if stale:
        raise StageFailed(
            f"Not what bench/results gives: {', '.join(stale)}.", "Type: python -m bench table"
        )


def _found(results: Path) -> dict[str, Results]:
    """The checked results by name, in the order of TITLES, unknown ones last."""
    # other benches, of speed say, keep their results beside these
    files = {path.stem: load(path) for path in sorted(results.glob("*--*.json"))}
    order = [*(name for name in TITLES if name in files), *sorted(set(files) - set(TITLES))]
    return {name: files[name] for name in order}


def _whole(found: Mapping[str, Results], results: Path) -> str:
    """Quality on every split, then how long lists take, then videos, then the service."""
    lists = text(found) + list_sections(results) + language_page.section(results)
    rest = video_page.sections(results) + serve_page.section(results)
    return lists + rest + scale_page.section(results)


def text(found: Mapping[str, Results]) -> str:
    """The whole page."""
    if not found:
        return INTRODUCTION + NOTHING
    return INTRODUCTION + "".join(_section(name, result) for name, result in found.items())


def _section(name: str, result: Results) -> str:
    rows = _sorted(result)
    lines = ["", f"## {TITLES.get(name, name)}", "", PROTOCOLS[result["protocol"]], ""]
    lines += [_sizes(result), ""]
    if rows:
        lines += [f"![{TITLES.get(name, name)}](benchmarks/{name}.svg)", ""]
        lines += [*_figures(result, rows), "", *seeds(result["protocol"], rows)]
        lines += [*_costs(result, rows), "", *_settings(rows), ""]
    lines += _warnings(result, rows) + _failures(result)
    return "\n".join(lines).rstrip("\n") + "\n"


def _sorted(result: Results) -> list[Row]:
    main = MAIN.get(result["protocol"], "ndcg@10")
    return sorted(result["rows"], key=lambda row: (-row["metrics"][main], row["system"]))


def _sizes(result: Results) -> str:
    split = result.get("split", {})
    words = {
        "users": "users",
        "items": "items",
        "cold_items": "of them cold",
        "train_rows": "rows to learn from",
        "test_rows": "rows hidden",
        "test_users": "users ranked for",
    }
    sizes = [f"{split[key]:,} {said}" for key, said in words.items() if split.get(key)]
    left = [
        f"{count:,} ({why})" for why, count in sorted(split.get("dropped", {}).items()) if count
    ]
    out = f" Left out: {', '.join(left)}." if left else ""
    return f"{', '.join(sizes)}.{out} Split sha256 `{result['split_sha256']}`."


def _figures(result: Results, rows: Sequence[Row]) -> Iterator[str]:
    names = figures_of(result["protocol"])
    yield _line(["system", *(name.replace("_", " ") for name in names)])
    yield "|---" * (1 + len(names)) + "|"
    best = {name: max(row["metrics"][name] for row in rows) for name in names}
    for row in rows:
        mark = " †" if pushed(result, row) else ""
        yield _line([f"`{row['system']}`{mark}", *(_figure(row, name, best) for name in names)])


def _figure(row: Row, name: str, best: Mapping[str, float]) -> str:
    value = row["metrics"][name]
    # a share of places is no quality: none of them is the best
    bold = "**" if value == best[name] and value > 0 and not name.startswith("cold_share") else ""
    bounds = row["intervals"].get(name)
    between = f" ({bounds[0]:.4f} to {bounds[1]:.4f})" if bounds else ""
    return f"{bold}{value:.4f}{bold}{between}"


def _costs(result: Results, rows: Sequence[Row]) -> Iterator[str]:
    yield f"Machine, unless a row names another: {result['machine']}."
    yield ""
    heads = (
        "training s",
        "processor s",
        "peak MiB",
        "lists/s",
        "epochs",
        "load",
        "date",
        "version",
    )
    yield _line(["system", *heads, "machine, notes"])
    yield "|---" * (len(heads) + 2) + "|"
    for row in rows:
        notes = [row.get("machine", ""), _present(row.get("notes", ""))]
        yield _line(
            [
                f"`{row['system']}`",
                f"{row['train_seconds']:.1f}",
                f"{row.get('train_cpu_seconds', 0.0):.1f}",
                f"{row['peak_rss_mb']:.0f}",
                f"{row['lists_per_second']:.0f}",
                _or_nothing(row.get("epochs")),
                _or_nothing(row.get("load_average")),
                str(row["date"]),
                str(row["version"]),
                ". ".join(note for note in notes if note),
            ]
        )


def _settings(rows: Sequence[Row]) -> Iterator[str]:
    yield _line(["system", "settings", "where they come from", "command"])
    yield "|---|---|---|---|"
    for row in rows:
        settings = ", ".join(f"{k} = {v}" for k, v in sorted(row["settings"].items()))
        source = _present(row.get("source", ""))
        yield _line([f"`{row['system']}`", settings or "none", source, f"`{row['command']}`"])


def pushed(result: Results, row: Row) -> bool:
    """Whether cold items hold far more of the first places than their part of the catalogue."""
    split = result.get("split", {})
    share = row["metrics"].get("cold_share@10")
    if share is None or not split.get("items"):
        return False
    return bool(share > PUSHED * split["cold_items"] / split["items"])


def _warnings(result: Results, rows: Sequence[Row]) -> list[str]:
    lines = [
        f"† `{row['system']}`: cold items hold {row['metrics']['cold_share@10']:.0%} of the first "
        f"ten places, but are {result['split']['cold_items'] / result['split']['items']:.0%} of "
        "the catalogue: its cold figure was bought with its warm one. Compare `within cold`."
        for row in rows
        if pushed(result, row)
    ]
    return [*lines, ""] if lines else []


def _failures(result: Results) -> list[str]:
    failed = result.get("failed", [])
    if not failed:
        return []
    table = [
        _line([f"`{row['system']}`", str(row.get("date", "")), row["error"], f"`{row['command']}`"])
        for row in failed
    ]
    heads = _line(["did not run", "date", "error", "command"])
    return [heads, "|---|---|---|---|", *table, ""]


def _or_nothing(value: object) -> str:
    return "" if value is None else str(value)


def _line(cells: Sequence[str]) -> str:
    """One row of a table; what is in a cell cannot end it, nor become HTML."""
    plain = (" ".join(cell.split()).replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    return f"| {' | '.join(plain)} |"
