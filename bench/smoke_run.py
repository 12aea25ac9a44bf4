"""Everything on samples: does it run from the files to the page? The figures are of no worth."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.base import Split
from bench.cases import CASES, prepare
from bench.page import page
from bench.runner import Bench, run_system
from bench.system_registry import System, chosen
from vireo.errors import InputError, StageFailed

AT_ONCE = 2
"""Systems beside each other, with one thread each: nothing is timed here."""


def quick(data: Path, work: Path) -> None:
    """Run every quick system that can run here on a sample of every data set that is here.

    Everything, results too, goes to WORK/quick. Raises StageFailed if any system failed.
    """
    start = time.monotonic()
    place = work / "quick"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    bench = Bench(place, place / "results", quick=True, environment=threads)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lines = list(pool.map(partial(_run, bench), _work(bench, data)))
    written = page(bench.results, place / "docs")
    failed = [line for line in lines if "FAILED" in line]
    print(
        f"{len(lines)} runs, {len(failed)} failed, in {time.monotonic() - start:.0f} s: {written}"
    )
    if failed:
        raise StageFailed("The quick bench failed:\n" + "\n".join(failed), "See WORK/quick/logs.")


def _run(bench: Bench, task: tuple[Split, System]) -> str:
    split, system = task
    line = run_system(bench, system, split, again=True)
    print(line, flush=True)
    return line


def _work(bench: Bench, data: Path) -> Iterator[tuple[Split, System]]:
    for case in CASES.values():
        try:
            split = prepare(case, data, bench.work, sample=True)
        except InputError as error:
            print(f"{case.name}  skipped: {error.what}", file=sys.stderr)
            continue
        for system in chosen(case.name):
            here = not system.env or (bench.work / "envs" / system.env).is_dir()
            if system.quick and here:
                yield split, system
