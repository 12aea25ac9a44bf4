"""Two systems on the same users: is one better, or is no difference shown?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.base import Split
from bench.evaluator import SEED, Lists, columns
from bench.results import row_of
from bench.runner import Bench
from vireo.arrays import Doubles
from vireo.artifacts.files import digest_of_file
from vireo.errors import InputError
from vireo.evaluation.bootstrap import interval, resampled_means


def compared(bench: Bench, split: Split, one: str, other: str) -> Iterator[str]:
    """A line per figure: the mean difference over users with its 95% interval (paired bootstrap).

    Raises InputError where the lists behind a row are not in WORK any more.
    """
    mine, theirs = (_columns(bench, split, name) for name in (one, other))
    for name, values in mine.items():
        paired = values - theirs[name]
        known = paired[~np.isnan(paired)]
        low, high = interval(resampled_means(known[:, None], SEED)[:, 0])
        base = float(np.nanmean(theirs[name]))
        part = f" ({known.mean() / base:+.1%})" if base else ""
        verdict = "no difference shown" if low <= 0 <= high else "different"
        yield f"{name}: {known.mean():+.4f}{part}, {low:+.4f} to {high:+.4f}: {verdict}"


def _columns(bench: Bench, split: Split, system: str) -> dict[str, Doubles]:
    row = row_of(bench.results, split, system)
    path = bench.place("lists", split, system).with_suffix(".npz")
    if row is None or not path.is_file() or digest_of_file(path) != row["lists_sha256"]:
        raise InputError(
            f"The lists of '{system}' on {split.name} are not in {path.parent}.",
            f"Type: python -m bench run {split.name} --systems {system} --again",
        )
    return columns(split, Lists.load(path, split))
