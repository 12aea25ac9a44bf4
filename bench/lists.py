"""How long one list of 20 takes: python -m bench.lists --out bench/results/lists.json

Generated vectors and histories (bench/synthetic_lists_world.py), every rule on, one process, warm,
one BLAS thread as in `vireo serve`: 100,000 videos that are all compared, 1,000,000 through an
inverted file whose recall is measured on users outside of its tuning. Reports the median and the
99th percentile, and how long the indexes took to make.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench.synthetic_lists_world import histories_of, queries, world
from bench.write_result import made_by, tell
from vireo.behavior.base import History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, InterestModel
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import indexed_ensemble
from vireo.recommend.index.build import plans
from vireo.recommend.index.tuning import COUNT, exact, recall_of
from vireo.recommend.recommender import Recommender
from vireo.recommend.registry import RULES
from vireo.recommend.settings import RecommendSection

GOALS = {
    100_000: {"median_ms": 10.0, "p99_ms": 25.0},
    1_000_000: {"median_ms": 30.0, "p99_ms": 75.0},
}
SECTION = RecommendSection(
    rules=tuple(RULES.names()),
    calibration=0.2,
    creator_cap=2,
    freshness_boost=0.2,
    exploration_rate=0.1,
    max_age_days=600,
)


def measure(n: int, dimension: int, lists: int, seed: int) -> dict[str, Any]:
    """Milliseconds of one list of 20, every rule on."""
    catalogue, model = world(n, dimension, seed)
    _say(f"{n} videos are made up")
    context = Context(Serial(EngineSection()), Path(), NullProgress(), seed)
    start = time.perf_counter()
    made = plans(model, histories_of(catalogue, 200, seed + 1), SECTION.index, context)
    indexed = time.perf_counter() - start
    catalogue = replace(catalogue, index_specs=made)
    _say(f"indexes after {indexed:.0f} s: { {name: plan.about() for name, plan in made.items()} }")
    maker = Recommender(catalogue, model, SECTION)
    asked = queries(catalogue, lists + 5, seed + 2)
    for query in asked[:5]:
        maker.recommend(query)
    seconds, busy = np.array([_timed(maker, query) for query in asked[5:]]).T
    return {
        "videos": n,
        "dimension": dimension,
        "experts": list(model.experts),
        "lists": lists,
        "rules": len(SECTION.rules),
        "median_ms": round(1000 * float(np.median(seconds)), 2),
        "p99_ms": round(1000 * float(np.quantile(seconds, 0.99)), 2),
        "median_processor_ms": round(1000 * float(np.median(busy)), 2),
        "load_average": round(os.getloadavg()[0], 2),
        "goal": GOALS.get(n),
        "indexes_seconds": round(indexed, 1),
        "indexes": {name: plan.about() for name, plan in made.items()},
        "recall@100": recalls(model, catalogue, [query.history for query in asked[:100]]),
    }


def _timed(maker: Recommender, query: Query) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    start, before = time.perf_counter(), time.process_time()
    picks = maker.recommend(query)
    seconds, busy = time.perf_counter() - start, time.process_time() - before
    if len(picks) != query.k:
        raise SystemExit(f"a list has {len(picks)} entries instead of {query.k}")
    return seconds, busy


def recalls(
    model: InterestModel, catalogue: Catalogue, histories: list[History]
) -> dict[str, float]:
    """Per index the share of the true 100 nearest that it finds for these viewers."""
    ensemble, indexes = indexed_ensemble(model, len(catalogue), catalogue.index_specs)
    found = {}
    for name, index in indexes.items():
        handle = ensemble.handles[name]
        linear = handle.abilities.dot_product
        assert linear is not None
        assert handle.vectors is not None
        asked = linear.user_vectors(Batch(histories, -1, len(catalogue)))
        rows = np.array([index.search(vector, COUNT) for vector in asked])
        found[name] = round(recall_of(rows, exact(handle.vectors, asked, COUNT)), 4)
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--lists", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    threadpool_limits(1, "blas")  # small products gain nothing from threads, and wait for them
    result = {
        **made_by("bench.lists"),
        "rows": [measure(n, given.dimension, given.lists, given.seed) for n in given.videos],
    }
    tell(result, given.out)
