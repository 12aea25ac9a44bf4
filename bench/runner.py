"""One system on one split: run apart, on a copy without the answers, judged, written down."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import results
from bench.base import Split
from bench.evaluator import BadLists, Judgement, Lists, judged
from bench.files import leak_proof_copy
from bench.process import Ended, run
from bench.source_digest import digest_of_sources
from bench.system_registry import ROOT, System
from vireo.artifacts.files import digest_of_file, digest_of_json
from vireo.errors import VireoError

THREADS = 2
GRACE_SECONDS = 600.0
"""What a system may take beyond twice its budget before it is stopped."""
_ERROR_CHARACTERS = 600


class Failed(VireoError):
    """A system gave no lists that can be judged."""


@dataclass(frozen=True)
class Bench:
    """Where things lie, and how runs are done."""

    work: Path
    """Splits, environments, checkpoints, lists, logs: everything but the results."""
    results: Path = results.FOLDER
    seed: int = 0
    budget_seconds: float | None = None
    """Instead of the systems' own."""
    quick: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the variables that systems see."""

    def place(self, kind: str, split: Split, system: str) -> Path:
        """WORK/<kind>/<split>/<system>, whose parent exists."""
        path = self.work / kind / split.name / system.replace(":", "_")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def run_system(bench: Bench, system: System, split: Split, *, again: bool = False) -> str:
    """Run, judge and merge; a failure is recorded as a result too. -> one line that says it all.

    A row with the same settings, sources, seed and split is not made twice unless `again`.
    """
    known = results.row_of(bench.results, split, system.name)
    if known and known.get("recipe") == recipe(bench, system, split) and not again:
        return f"{split.name}  {system.name}: is there already"
    try:
        lists, ended, report, load = _lists(bench, system, split)
        judgement = judged(split, Lists.load(lists, split))
    except (Failed, BadLists) as error:
        failure = {
            "system": system.name,
            "error": _plain(str(error), bench),
            "command": _command(system, split),
            "date": _today(),
        }
        results.merge_failure(bench.results, split, failure)
        return f"{split.name}  {system.name}: FAILED: {failure['error']}"
    measured = {"peak_rss_mb": ended.peak_rss_mb, "load_average": round(load, 2)}
    row = row_from(bench, system, split, judgement, report, lists)
    row |= measured | {"peak_rss_mb": max(ended.peak_rss_mb, report.get("peak_rss_mb", 0.0))}
    results.merge(bench.results, split, row)
    figures = "  ".join(f"{name} {value:.4f}" for name, value in judgement.metrics.items())
    return f"{split.name}  {system.name}: {figures}"


def take_lists(
    bench: Bench, system: System, split: Split, lists: Path, report: Path, on_machine: str
) -> str:
    """Judge and merge lists that the same adapter made elsewhere, on a machine named in words."""
    judgement = judged(split, Lists.load(lists, split))
    said = _said(report.read_text(encoding="utf-8"))
    kept = bench.place("lists", split, system.name).with_suffix(".npz")
    if lists.resolve() != kept.resolve():
        shutil.copyfile(lists, kept)
    row = row_from(bench, system, split, judgement, said, lists)
    row |= {"machine": on_machine, "peak_rss_mb": said.get("peak_rss_mb", 0.0)}
    results.merge(bench.results, split, row)
    return f"{split.name}  {system.name}: taken, {judgement.metrics}"


def recipe(bench: Bench, system: System, split: Split) -> str:
    """Digest of what decides the figures; the same recipe is not cooked twice."""
    requirements = ROOT / "bench" / "peers" / f"{system.env}.txt"
    return digest_of_json(
        {
            "settings": settings_of(bench, system),
            "seed": bench.seed + system.seed,
            "split": split.about["split_sha256"],
            "texts": split.about["items_sha256"],
            "requirements": digest_of_file(requirements) if requirements.is_file() else "",
            "sources": digest_of_sources() if system.name.startswith("vireo") else "",
        }
    )


def settings_of(bench: Bench, system: System) -> dict[str, Any]:
    """The settings of this run."""
    return {**system.settings, **(system.quick_settings if bench.quick else {})}


def row_from(
    bench: Bench,
    system: System,
    split: Split,
    judgement: Judgement,
    report: Mapping[str, Any],
    lists: Path,
) -> dict[str, Any]:
    """The row of a results file, without what was measured from outside."""
    users, seconds = len(split.test_users), float(report["recommend_seconds"])
    return {
        "system": system.name,
        "version": str(report["version"]),
        "settings": settings_of(bench, system),
        "source": system.source,
        "seed": bench.seed + system.seed,
        "metrics": dict(judgement.metrics),
        "intervals": {name: list(bounds) for name, bounds in judgement.intervals.items()},
        "train_seconds": round(float(report["train_seconds"]), 2),
        "train_cpu_seconds": round(float(report.get("train_cpu_seconds", 0.0)), 2),
        "lists_per_second": round(users / max(seconds, 1e-6), 1),
        "epochs": report.get("epochs"),
        "notes": _plain(str(report.get("notes", "")), bench),
        "command": _command(system, split),
        "date": _today(),
        "lists_sha256": digest_of_file(lists),
        "recipe": recipe(bench, system, split),
    }


def _lists(bench: Bench, system: System, split: Split) -> tuple[Path, Ended, dict[str, Any], float]:
    """Run the adapter. -> its lists, how it ended, what it said, the load before it began."""
    copy = leak_proof_copy(split, bench.place("copies", split, system.name))
    out = bench.place("lists", split, system.name).with_suffix(".npz")
    out.unlink(missing_ok=True)
    log = bench.place("logs", split, system.name)
    said, complaints = Path(f"{log}.out"), Path(f"{log}.err")
    budget = bench.budget_seconds or system.budget_seconds
    arguments = _arguments(bench, system, copy.directory, out, split, budget)
    load = os.getloadavg()[0]
    ended = run(
        arguments,
        environment=_environment(bench, system),
        out=said,
        error=complaints,
        most_seconds=2 * budget + GRACE_SECONDS,
        most_mb=system.most_mb,
    )
    if ended.stopped or ended.code != 0:
        last = complaints.read_text(encoding="utf-8", errors="replace").strip()
        why = ended.stopped or f"ended with code {ended.code}: {last[-_ERROR_CHARACTERS:]}"
        raise Failed(why)
    return out, ended, _said(said.read_text(encoding="utf-8", errors="replace")), load


def _arguments(
    bench: Bench, system: System, copy: Path, out: Path, split: Split, budget: float
) -> list[str]:
    python = sys.executable
    if system.env:
        place = bench.work / "envs" / system.env / "bin" / "python"
        if not place.exists():
            raise Failed(f"There is no environment '{system.env}' (bench/peers/{system.env}.txt).")
        python = str(place)
    checkpoint = bench.place("checkpoints", split, system.name)
    options = {
        "--split": copy,
        "--users": copy / "users.txt",
        "--out": out,
        "--settings": json.dumps(settings_of(bench, system), sort_keys=True),
        "--seed": bench.seed + system.seed,
        "--budget-seconds": f"{budget:g}",
        "--checkpoint": checkpoint,
    }
    given = [str(part) for option in options.items() for part in option]
    # a module of ours, or a script that must not see ours
    program = ["-m", system.adapter] if "/" not in system.adapter else [ROOT / system.adapter]
    return [python, *map(str, program), *given]


def _environment(bench: Bench, system: System) -> dict[str, str]:
    """This environment, with two threads for all and a fixed order of sets."""
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
    fixed = dict.fromkeys(threads, str(THREADS)) | {
        "PYTHONHASHSEED": "0",
        "VIREO_BENCH_WORK": str(bench.work.resolve()),
        "PYTHONPATH": "" if system.env else os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    return {**os.environ, **fixed, **bench.environment}


def _said(text: str) -> dict[str, Any]:
    """The JSON object on the last line that an adapter printed."""
    lines = text.strip().splitlines() or [""]
    try:
        report = json.loads(lines[-1])
        known = {key: report[key] for key in ("version", "train_seconds", "recommend_seconds")}
    except (ValueError, TypeError, KeyError) as error:
        raise Failed(f"The last line was no report ({error!r}): {lines[-1][:200]}") from None
    return {**report, **known}


def _plain(text: str, bench: Bench) -> str:
    """Without the places of this machine."""
    for place, word in ((bench.work.resolve(), "WORK"), (ROOT, "."), (Path.home(), "~")):
        text = text.replace(str(place), word)
    return text.strip()


def _command(system: System, split: Split) -> str:
    return f"python -m bench run {split.name} --systems {system.name}"


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
