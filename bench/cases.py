"""The splits of the bench by name: which data set, which protocol, how much of it in a sample."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.base import Interactions, Split
from bench.datasets import beauty, kuairand, movielens, ted, twitch
from bench.files import write
from bench.samples import sampled, sampled_talks
from bench.splits import PROTOCOLS
from vireo.errors import InputError, UnknownPart

Reader = Callable[[Path], Interactions]
_SOME_FILMS = partial(movielens.read, exact_users_only=True)


@dataclass(frozen=True)
class Case:
    """One row of the bench."""

    set_name: str
    protocol: str
    read: Reader
    folder: str
    """Where the set lies in the folder of the data."""
    sample: int
    """Users of the sample for quick runs (for TED, talks)."""
    sample_items: int = 200
    """Items of the sample, the most met ones; texts are read in quick runs too."""

    @property
    def name(self) -> str:
        return f"{self.set_name}--{self.protocol}"


CASES: Mapping[str, Case] = {
    case.name: case
    for case in (
        Case("ml-1m", "leave-one-out", movielens.read, "ml-1m", 300),
        Case("ml-1m-2999", "leave-one-out", _SOME_FILMS, "ml-1m", 300),
        Case("ml-1m", "time", _SOME_FILMS, "ml-1m", 300),
        Case("ml-1m", "cold-items", movielens.read, "ml-1m", 300),
        Case("amazon-beauty", "leave-one-out", beauty.read, "amazon-beauty", 4000, 500),
        Case("kuairand", "time", kuairand.read, "kuairand-pure", 3000),
        Case("twitch-follows", "random", twitch.read, "twitch-follows", 300),
        Case("ted", "related", ted.read, "ted", 40),
    )
}


def case_named(name: str) -> Case:
    """One of CASES; raises UnknownPart that lists them."""
    if name not in CASES:
        raise UnknownPart(f"There is no split '{name}'.", f"Choose from: {', '.join(CASES)}.")
    return CASES[name]


def prepare(case: Case, data: Path, work: Path, *, sample: bool = False) -> Split:
    """The split directory of a case, read from the data unless it is there already.

    Raises InputError where the data set is absent.
    """
    directory = work / "splits" / case.name
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / f".{case.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "about.json").is_file():
            return _made(case, data, directory, sample)
    return Split(directory)


def _made(case: Case, data: Path, directory: Path, sample: bool) -> Split:
    if not (data / case.folder).is_dir():
        raise InputError(
            f"The data set '{case.folder}' is not in {data}.", "Name its folder with --data DIR."
        )
    rows = case.read(data)
    if sample:
        if case.protocol == "related":
            rows = sampled_talks(rows, case.sample)
        else:
            rows = sampled(rows, case.sample, case.sample_items)
    parts = PROTOCOLS[case.protocol](rows)
    return write(rows, parts, directory, set_name=case.set_name, protocol=case.protocol)
