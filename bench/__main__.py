"""The command line of the bench: prepare, run, take, compare, table, quick, systems."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.base import Split
from bench.cases import CASES, case_named, prepare
from bench.compare import compared
from bench.page import check, page
from bench.results import FOLDER
from bench.runner import Bench, run_system, take_lists
from bench.smoke_run import quick
from bench.system_registry import ROOT, chosen
from vireo.errors import UnknownPart, VireoError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one verb; 0 done, 1 it failed, 2 wrong usage."""
    given = _parser().parse_args(arguments)
    try:
        given.verb(given)
    except VireoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _prepare(given: argparse.Namespace) -> None:
    for split in _splits(given):
        print(f"{split.directory}  {split.about['split_sha256']}", flush=True)


def _run(given: argparse.Namespace) -> None:
    bench = Bench(given.work, given.results, given.seed, given.budget_seconds)
    asked = any(name in CASES for name in given.splits)
    for split in _splits(given):
        try:
            systems = chosen(split.name, given.systems)
        except UnknownPart:
            if asked:
                raise
            continue
        for system in systems:
            print(run_system(bench, system, split, again=given.again), flush=True)


def _take(given: argparse.Namespace) -> None:
    split = prepare(case_named(given.split), given.data, given.work)
    (system,) = chosen(split.name, [given.system])
    bench = Bench(given.work, given.results, given.seed)
    print(take_lists(bench, system, split, given.lists, given.report, given.on))


def _compare(given: argparse.Namespace) -> None:
    split = prepare(case_named(given.split), given.data, given.work)
    bench = Bench(given.work, given.results, given.seed)
    for line in compared(bench, split, given.one, given.other):
        print(line)


def _table(given: argparse.Namespace) -> None:
    if given.check:
        check(given.results, given.docs)
    else:
        print(page(given.results, given.docs))


def _quick(given: argparse.Namespace) -> None:
    quick(given.data, given.work)


def _systems(given: argparse.Namespace) -> None:
    for name in given.splits or CASES:
        for system in chosen(case_named(name).name):
            print(f"{name}  {system.name}  {system.env or 'own'}  {dict(system.settings)}")


def _splits(given: argparse.Namespace) -> list[Split]:
    cases = [case_named(name) for name in given.splits or CASES]
    return [prepare(case, given.data, given.work) for case in cases]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    places.add_argument("--work", type=Path, default=ROOT / "bench" / ".work")
    places.add_argument("--results", type=Path, default=FOLDER)
    places.add_argument("--seed", type=int, default=0)
    some = argparse.ArgumentParser(add_help=False)
    some.add_argument("splits", nargs="*", metavar="SPLIT", help="all of them unless named")

    verb = verbs.add_parser("prepare", parents=[some, places], help="write the split files")
    verb.set_defaults(verb=_prepare)
    verb = verbs.add_parser("run", parents=[some, places], help="run systems, write results")
    verb.add_argument("--systems", type=lambda text: text.split(","), default=[])
    verb.add_argument("--again", action="store_true", help="also what has its row already")
    verb.add_argument("--budget-seconds", type=float, help="instead of the systems' own budgets")
    verb.set_defaults(verb=_run)
    verb = verbs.add_parser("take", parents=[places], help="judge lists made on another machine")
    for name in ("split", "system"):
        verb.add_argument(name)
    for name in ("lists", "report"):
        verb.add_argument(name, type=Path)
    verb.add_argument("--on", required=True, metavar="MACHINE", help="that machine, in words")
    verb.set_defaults(verb=_take)
    verb = verbs.add_parser("compare", parents=[places], help="two systems, user by user")
    for name in ("split", "one", "other"):
        verb.add_argument(name)
    verb.set_defaults(verb=_compare)
    verb = verbs.add_parser("table", parents=[places], help="write docs/benchmarks.md")
    verb.add_argument("--docs", type=Path, default=ROOT / "docs")
    verb.add_argument("--check", action="store_true", help="only say whether it is up to date")
    verb.set_defaults(verb=_table)
    verb = verbs.add_parser("quick", parents=[places], help="everything on samples")
    verb.set_defaults(verb=_quick)
    verb = verbs.add_parser("systems", parents=[some], help="what runs where")
    verb.set_defaults(verb=_systems)
    return parser


if __name__ == "__main__":
    sys.exit(main())
