"""What rules cost and bring: python -m bench.diversity --data DIR --out FILE --plot SVG

MovieLens-1M, leave-one-out, every user's last film hidden, full ranking. One linear expert (EASE
over the latest films) makes the scores; the rules `diversity` and `calibration` reorder them.
Topics are first genres, likeness is the cosine of all genres. Then the other goals of lists:
exposure of new films and counterfactuals that hold (bench/list_goals.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.base import Interactions
from bench.datasets.movielens import read
from bench.diversity_plot import draw
from bench.list_goals import Films, counterfactuals, exposure
from bench.splits import leave_one_out
from bench.write_result import made_by, tell
from vireo.arrays import Doubles, Floats, Ints, unit_rows
from vireo.behavior.base import Histories
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.interest.base import InterestModel, InterestSection, Training
from vireo.interest.ease import EaseRecent
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.recommender import Recommender
from vireo.recommend.rules.calibration import topic_shares
from vireo.recommend.settings import RecommendSection

K = 10
ALONE = (0.15, 0.2, 0.25, 0.3, 0.335, 0.35, 0.4, 0.5)
SETTINGS = [
    (0.0, 0.0),
    *((strength, 0.0) for strength in ALONE),
    *((0.0, strength) for strength in (0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7)),
    (0.15, 0.3),
    (0.2, 0.5),
    (0.25, 0.4),
]
"""(diversity, calibration), beginning with neither."""


def genres_of(data: Path, ids: list[str]) -> tuple[Floats, Ints]:
    """All genres (n, g) and the first one (n,) of every film."""
    lines = (data / "ml-1m" / "movies.dat").read_text(encoding="latin-1").splitlines()
    told = {film: genres.split("|") for film, _, genres in (line.split("::") for line in lines)}
    names = sorted({genre for genres in told.values() for genre in genres})
    all_of = np.zeros((len(ids), len(names)), dtype=np.float32)
    for row, film in enumerate(ids):
        all_of[row, [names.index(genre) for genre in told[film]]] = 1.0
    first = [names.index(told[film][0]) for film in ids]
    return unit_rows(all_of), np.array(first, dtype=np.int64)


def histories_of(found: Interactions, keep: np.ndarray) -> Histories:
    """The rows that are learnt from."""
    counts = np.bincount(found.users[keep], minlength=len(found.user_ids))
    rows = int(keep.sum())
    return Histories(
        user_ids=found.user_ids,
        n_videos=len(found.catalogue),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=found.items[keep],
        weights=np.ones(rows, dtype=np.float32),
        times=found.times[keep] * 1000,
        sessions=np.zeros(rows, dtype=np.int64),
    )


def films(data: Path, seed: int) -> tuple[Films, Ints]:
    """What all measurements share, and the rows of the hidden films, one per user."""
    found = read(data)
    parts = leave_one_out(found)
    histories = histories_of(found, parts.train)
    content, topic_of = genres_of(data, [item.id for item in found.catalogue])
    training = Training(
        histories, content, np.asarray(content.any(axis=1)), np.full(len(content), -1)
    )
    with tempfile.TemporaryDirectory() as cache:
        context = Context(Serial(EngineSection()), Path(cache), NullProgress(), seed)
        expert = EaseRecent.fit(training, InterestSection(), context)
    catalogue = _catalogue(found, histories, content, topic_of)
    return Films(found, histories, catalogue, expert), np.flatnonzero(parts.test)


def curve(world: Films, hidden: Ints, seed: int) -> list[dict[str, Any]]:
    """One row per setting: means over the same users, and the change of NDCG with its interval."""
    model = InterestModel({"ease-recent": world.expert}, {"ease-recent": 1.0})
    rows: list[dict[str, Any]] = []
    base = np.zeros((0, 3))
    for diversity, calibration in SETTINGS:
        values = _values(world, model, hidden, diversity, calibration)
        base = base if len(base) else values
        draws = resampled_means(np.stack([values[:, 0], base[:, 0]], axis=1), seed)
        low, high = interval(draws[:, 0] / draws[:, 1] - 1)
        (ndcg, ild, js), before = values.mean(axis=0), base.mean(axis=0)
        rows.append(
            {
                "diversity": diversity,
                "calibration": calibration,
                "ndcg@10": round(float(ndcg), 4),
                "ndcg_change": round(float(ndcg / before[0] - 1), 4),
                "ndcg_change_interval": [round(low, 4), round(high, 4)],
                "ild": round(float(ild), 4),
                "ild_change": round(float(ild / before[1] - 1), 4),
                "js": round(float(js), 4),
                "js_change": round(float(js / before[2] - 1), 4),
            }
        )
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _catalogue(
    found: Interactions, histories: Histories, content: Floats, topic_of: Ints
) -> Catalogue:
    ids = [item.id for item in found.catalogue]
    nothing = pl.lit(None, pl.String)
    table = pl.DataFrame({"video_id": ids, "title": ids}).with_columns(
        creator=nothing,
        category=nothing,
        topic=nothing,
        published_at=pl.lit(None, pl.Int64),
    )
    viewers = histories.user_counts()
    return Catalogue(table, topic_of, viewers, viewers, content, content)


def _values(
    world: Films, model: InterestModel, hidden: Ints, diversity: float, calibration: float
) -> Doubles:
    """NDCG@10, intra-list diversity and Jensen-Shannon divergence, one row per hidden film."""
    catalogue, histories, found = world.catalogue, world.histories, world.found
    section = RecommendSection(
        diversity=diversity,
        calibration=calibration,
        new_video_quota=0.0,
        rules=("seen", "diversity", "calibration"),
    )
    maker = Recommender(catalogue, model, section)
    topics = int(catalogue.topic_of.max()) + 2
    values = []
    for user, film in zip(found.users[hidden].tolist(), found.items[hidden], strict=True):
        history = histories.row(user)
        listed = maker.rows(Query(str(user), history, K))
        place = np.flatnonzero(listed == film)
        wanted = topic_shares(history, catalogue.topic_of, topics)
        shown = np.bincount(catalogue.topic_of[listed], minlength=topics) / len(listed)
        ndcg = 1 / np.log2(place[0] + 2) if len(place) else 0.0
        values.append((ndcg, ild(catalogue.content[listed]), jensen_shannon(wanted, shown)))
    return np.array(values)


def ild(vectors: Floats) -> float:
    """Intra-list diversity: the mean of 1 - cosine over all pairs of a list (unit rows)."""
    likeness = vectors @ vectors.T
    pairs = np.triu_indices(len(vectors), 1)
    return float(1 - likeness[pairs].mean())


def jensen_shannon(p: Doubles, q: Doubles) -> float:
    """In bits, from 0 to 1 (Lin 1991)."""

    def against(a: Doubles, b: Doubles) -> float:
        held = a > 0
        return float((a[held] * np.log2(a[held] / b[held])).sum())

    middle = (p + q) / 2
    return (against(p, middle) + against(q, middle)) / 2


def goals(world: Films, hidden: Ints, others: int, seed: int) -> dict[str, Any]:
    """The goals besides accuracy: exposure, counterfactuals, sentences, each on fewer users."""
    users = world.found.users[hidden]
    found: dict[str, Any] = {"new_videos": exposure(world, users[: 2 * others], seed)}
    print(found, file=sys.stderr, flush=True)
    found["counterfactuals"] = counterfactuals(world, users[: others // 5])
    print(found["counterfactuals"], file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--users", type=int, default=6040, help="for the curve")
    parser.add_argument("--others", type=int, default=500, help="for the other goals")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path, help="an svg of the curve, such as docs/diversity.svg")
    given = parser.parse_args()
    world, hidden = films(given.data, given.seed)
    hidden = hidden[np.random.default_rng(given.seed).permutation(len(hidden))[: given.users]]
    result = {
        **made_by("bench.diversity"),
        "users": len(hidden),
        "curve": curve(world, hidden, given.seed),
        **goals(world, hidden, given.others, given.seed),
    }
    tell(result, given.out)
    if given.plot:
        draw(result["curve"], given.plot)


if __name__ == "__main__":
    main()
