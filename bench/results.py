"""Results files: one per split, rows keyed by system, changed under a lock, never half written."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from bench.base import Split
from bench.evaluator import figures_of
from vireo.artifacts.files import read_json, write_json
from vireo.errors import VireoError

FOLDER = Path(__file__).parent / "results"
_ROW = (
    "system",
    "version",
    "settings",
    "metrics",
    "intervals",
    "train_seconds",
    "peak_rss_mb",
    "lists_per_second",
    "command",
    "date",
    "lists_sha256",
)


class BadResults(VireoError):
    """A results file or a row of one is not what the runner writes."""


def machine() -> str:
    """Processor, cores and memory, in words."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {gigabytes:.0f} GiB, {platform.system()}"


def load(path: Path) -> dict[str, Any]:
    """A results file, checked; raises BadResults."""
    results = read_json(path)
    if results is None:
        raise BadResults(f"{path} is no results file.", "Delete it and run the bench again.")
    check(results, path.name)
    return results


def check(results: Mapping[str, Any], name: str) -> None:
    """Every row must come from full ranking lists of the file's split, with every figure.

    A figure that was measured in another way (on sampled candidates, say, or typed in from a
    paper) has no digest of its lists and cannot enter.
    """
    for key in ("set", "protocol", "split_sha256", "machine", "date", "rows"):
        if key not in results:
            raise BadResults(f"{name} lacks '{key}'.")
    if name != f"{results['set']}--{results['protocol']}.json":
        raise BadResults(f"{name} holds {results['set']}--{results['protocol']}.")
    for row in results["rows"]:
        check_row(row, str(results["protocol"]), name)
    systems = [row["system"] for row in results["rows"]]
    if len(set(systems)) != len(systems):
        raise BadResults(f"{name} holds a system twice.")


def check_row(row: Mapping[str, Any], protocol: str, name: str) -> None:
    """Raises BadResults for a row that the runner cannot have written."""
    missing = [key for key in _ROW if key not in row]
    if missing:
        raise BadResults(
            f"{name}: the row of '{row.get('system')}' lacks {', '.join(missing)}: only rows with "
            "full ranking lists, measured by the runner, can enter."
        )
    wanted = set(figures_of(protocol))
    if set(row["metrics"]) != wanted:
        raise BadResults(
            f"{name}: the row of '{row['system']}' must hold exactly {', '.join(sorted(wanted))}."
        )


def row_of(folder: Path, split: Split, system: str) -> dict[str, Any] | None:
    """The row of a system measured on this very split, if there is one."""
    path = _path(folder, split)
    if not path.is_file():
        return None
    results = load(path)
    if results["split_sha256"] != split.about["split_sha256"]:
        return None
    rows: list[dict[str, Any]] = results["rows"]
    return next((row for row in rows if row["system"] == system), None)


def merge(folder: Path, split: Split, row: Mapping[str, Any]) -> Path:
    """Put a row into the split's file; the system's older row and failure go."""
    check_row(row, split.about["protocol"], split.name)
    return _changed(folder, split, "rows", row)


def merge_failure(folder: Path, split: Split, failure: Mapping[str, Any]) -> Path:
    """Record that a system failed. A row that it earned before stays."""
    return _changed(folder, split, "failed", failure)


def _path(folder: Path, split: Split) -> Path:
    return folder / f"{split.name}.json"


def _changed(folder: Path, split: Split, part: str, entry: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, split)
    with FileLock(path.with_name(f".{path.name}.lock")):
        results = load(path) if path.is_file() else {}
        # rows of another split are no longer comparable: they go
        if results.get("split_sha256") != split.about["split_sha256"]:
            results = {}
        rows = {row["system"]: row for row in results.get("rows", [])}
        failed = {row["system"]: row for row in results.get("failed", [])}
        failed.pop(entry["system"], None)
        (rows if part == "rows" else failed)[entry["system"]] = dict(entry)
        # the file names the machine of its first row; rows that another one measured say so
        here = machine()
        first = str(results.get("machine") or here)
        if part == "rows" and first != here:
            rows[entry["system"]].setdefault("machine", here)
        about = {key: split.about[key] for key in ("set", "protocol", "split_sha256")}
        counts = ("users", "items", "train_rows", "test_rows", "test_users", "dropped")
        sizes = {key: split.about[key] for key in counts}
        write_json(
            path,
            {
                **about,
                "split": sizes | {"cold_items": len(split.about["cold_items"])},
                "machine": first,
                "date": entry["date"],
                "rows": [rows[name] for name in sorted(rows)],
                "failed": [failed[name] for name in sorted(failed)],
            },
        )
    return path
