"""Vireo's own adapter: the whole stack with its fusion, or one expert alone for the ablation.

Settings are overrides of the config by dotted key ({"interest.ease.regularization": 500}) and
"expert", the name of one that is trained and ranks alone, or "part", the name of one that ranks
alone out of the trained stack (trained now, or kept by an earlier run with the same settings).
Run as `python -m bench.vireo_adapter --split DIR ...`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import LIST_LENGTH, Split
from bench.source_digest import version
from bench.world import histories_of, understood, unseen, videos_of
from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import NO_TIME, Histories
from vireo.config import Config
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import LogProgress
from vireo.engine.serial import Serial
from vireo.evaluation.ranking import Scorer
from vireo.interest.base import Batch, InterestModel, Training
from vireo.interest.build import fit
from vireo.interest.content_space import content_space
from vireo.interest.ensemble import Ensemble
from vireo.interest.registry import EXPERTS

BLOCK = 512
"""Users scored at once."""
ALONE = ("expert", "part")
"""Settings that name the one expert that ranks."""


@dataclass(frozen=True)
class Trained:
    """What ranks, and a sentence about it."""

    score: Scorer
    seconds: float
    cpu_seconds: float
    note: str = ""


def main() -> None:
    """Read, understand, train, rank, write; the report is the last line printed."""
    given = _parser().parse_args()
    split = Split(given.split)
    config = configured(given.settings)
    cache = Path(os.environ.get("VIREO_BENCH_WORK", given.split)) / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    context = Context(Serial(EngineSection()), cache, LogProgress(), given.seed)
    training, reading = training_of(split, config, context)
    home = cache / "stacks" / stack_key(split, given.settings, given.seed)
    own = cache / "training" / home.name  # another run may train beside this one
    trained = trained_on(training, config, given.settings, home, replace(context, cache=own))
    users, asked = asked_in(given.users)
    # libraries are loaded and weights laid out once, before anybody asks: that is no list's time
    lists_for(trained.score, training.histories, users[:BLOCK], asked[:BLOCK], split)
    start = time.perf_counter()
    lists = lists_for(trained.score, training.histories, users, asked, split)
    seconds = time.perf_counter() - start
    arrays: dict[str, Any] = {"users": users, **lists}
    np.savez_compressed(given.out, **arrays)
    # A killed run goes on from its checkpoints; a finished one leaves none, or the next run of the
    # same system would report the seconds of a training that it did not do.
    shutil.rmtree(own, ignore_errors=True)
    report = {
        "system": ":".join(["vireo", *alone_in(given.settings)]),
        "version": version(),
        "train_seconds": trained.seconds,
        "train_cpu_seconds": trained.cpu_seconds,
        "recommend_seconds": seconds,
        "users": len(users),
        "epochs": None,
        "notes": f"{trained.note} Texts: {reading:.1f} s (cached texts are not embedded again).",
    }
    print(json.dumps(report))


def configured(settings: Mapping[str, Any]) -> Config:
    """The default config with the overrides; raises ConfigError that names a wrong key."""
    overrides = {key: json.dumps(value) for key, value in settings.items() if key not in ALONE}
    return Config().with_settings(overrides)


def training_of(split: Split, config: Config, context: Context) -> tuple[Training, float]:
    """What the experts learn from, and the seconds that reading the texts took."""
    histories = histories_of(split, config)
    start = time.perf_counter()
    videos = videos_of(split)
    content, has_content = content_space(understood(split, videos, config, context), unseen(videos))
    seconds = time.perf_counter() - start
    published = videos["published_at"].fill_null(NO_TIME).to_numpy().astype(np.int64)
    return Training(histories, content, has_content, published), seconds


def alone_in(settings: Mapping[str, Any]) -> list[str]:
    """The expert that ranks alone, if one does."""
    return [str(settings[key]) for key in ALONE if key in settings]


def stack_key(split: Split, settings: Mapping[str, Any], seed: int) -> str:
    """The same for every part of one stack."""
    shared = {key: value for key, value in settings.items() if key not in ALONE}
    told = json.dumps([split.about["split_sha256"], version(), shared, seed], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def trained_on(
    training: Training, config: Config, settings: Mapping[str, Any], home: Path, context: Context
) -> Trained:
    """One expert alone if it is named, else all of them and their fusion, or one part of it."""
    start, cpu = time.perf_counter(), time.process_time()
    if "expert" in settings:
        alone = EXPERTS.get(settings["expert"]).fit(training, config.interest, context)
        spent = (time.perf_counter() - start, time.process_time() - cpu)
        return Trained(alone.score, *spent, str(getattr(alone, "note", "")))
    if "part" in settings and (home / "spent.json").is_file():
        model, spent = _kept(home)
    else:
        model = fit(training, config.interest, context)
        spent = (time.perf_counter() - start, time.process_time() - cpu)
        _keep(model, spent, home)
    if "part" in settings:
        part = model.experts[settings["part"]]
        return Trained(part.score, *spent, "Out of the stack; the seconds are the whole stack's.")
    note = f"Weights: {_told(model.weights)}; of new items: {_told(model.cold_weights)}."
    return Trained(partial(_total, model), *spent, note)


def _told(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items() if weight)


def _keep(model: InterestModel, spent: tuple[float, float], home: Path) -> None:
    """The stack, so that its parts can be judged without training it anew."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    model.save(home)
    (home / "spent.json").write_text(json.dumps(spent), encoding="ascii")


def _kept(home: Path) -> tuple[InterestModel, tuple[float, float]]:
    seconds, cpu_seconds = json.loads((home / "spent.json").read_text(encoding="ascii"))
    return InterestModel.load(home), (seconds, cpu_seconds)


def _total(model: InterestModel, batch: Batch) -> Floats:
    return Ensemble.of(model, batch.n_videos).score(batch).total()


def asked_in(path: Path) -> tuple[Ints, Ints]:
    """users.txt -> the users, and the millisecond in which each asks, or NO_TIME."""
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    users = np.array([int(words[0]) for words in lines], dtype=np.int64)
    times = [int(words[1]) * 1000 if len(words) > 1 else NO_TIME for words in lines]
    return users, np.array(times, dtype=np.int64)


def lists_for(
    score: Scorer, histories: Histories, users: Ints, asked: Ints, split: Split
) -> dict[str, Ints]:
    """The ranked lists of the contract, by group."""
    cold = np.zeros(split.n_items, dtype=np.bool_)
    cold[split.about["cold_items"]] = True
    groups = {"all": ~np.zeros_like(cold), "cold": cold}
    wanted = {name: groups[name] for name in split.about["groups"]}
    lists = {name: np.full((len(users), LIST_LENGTH), -1, dtype=np.int64) for name in wanted}
    alike = len(asked) and asked[0] != NO_TIME and bool((asked == asked[0]).all())
    now = int(asked[0]) if alike else histories.now

    def fill(start: int) -> None:
        rows = slice(start, start + BLOCK)
        some = [histories.row(user) for user in users[rows]]
        batch = Batch(some, now, split.n_items, times=asked[rows].tolist())
        scores = score(batch)
        for name, among in wanted.items():
            lists[name][rows] = best(scores, batch, among)

    # blocks know nothing of each other: as many at once as there are processors for us
    with ThreadPoolExecutor(int(os.environ.get("OMP_NUM_THREADS", "1"))) as pool:
        list(pool.map(fill, range(0, len(users), BLOCK)))
    return lists


def best(scores: Floats, batch: Batch, among: Bools) -> Ints:
    """The best unseen of some items; equal scores in the catalogue's order. -> (b, LIST_LENGTH)"""
    masked = np.array(scores, dtype=np.float32)
    masked[:, ~among] = -np.inf
    counts = [len(history) for history in batch.histories]
    met = np.concatenate([*(history.videos for history in batch.histories), np.zeros(0, np.int64)])
    masked[np.repeat(np.arange(len(scores)), counts), met] = -np.inf
    short = min(LIST_LENGTH, masked.shape[1])
    lists = np.full((len(scores), LIST_LENGTH), -1, dtype=np.int64)
    edge = np.partition(masked, masked.shape[1] - short, axis=1)[:, [masked.shape[1] - short]]
    rows, found = np.nonzero((masked >= edge) & (masked > -np.inf))
    ends = np.searchsorted(rows, np.arange(len(scores) + 1))
    if (np.diff(ends) == short).all():  # nobody has equals at the edge, nor too few
        table = found.reshape(len(scores), short)
        best_first = np.argsort(-np.take_along_axis(masked, table, 1), axis=1, kind="stable")
        lists[:, :short] = np.take_along_axis(table, best_first, 1)
        return lists
    for row, (start, end) in enumerate(itertools.pairwise(ends.tolist())):
        own = found[start:end]
        own = own[np.argsort(-masked[row, own], kind="stable")][:short]
        lists[row, : len(own)] = own
    return lists


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--split", "--users", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-seconds", type=float, default=0.0)
    return parser


if __name__ == "__main__":
    main()
