"""Metrics and ranking against plain loops written from the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from vireo.arrays import Ints
from vireo.behavior.base import History
from vireo.evaluation.beyond_accuracy import ExposureCounts, MetricContext
from vireo.evaluation.bootstrap import BootstrapSample, interval, resampled_means
from vireo.evaluation.evaluator import Evaluator
from vireo.evaluation.metrics import NAMES, per_user
from vireo.evaluation.ranking import MAX_CELLS, blocks, rank
from vireo.evaluation.tasks import Task
from vireo.interest.base import Batch


def by_hand(ranked: Sequence[int], wanted: set[int], k: int) -> dict[str, float]:
    """One user, from the definitions."""
    top = [video for video in ranked if video >= 0][:k]
    places = [place for place, video in enumerate(top, start=1) if video in wanted]
    best = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
    mean_precision = sum((at + 1) / place for at, place in enumerate(places))
    return {
        "hit_rate": 1.0 if places else 0.0,
        "ndcg": sum(1 / math.log2(place + 1) for place in places) / best,
        "recall": len(places) / len(wanted),
        "precision": len(places) / k,
        "mrr": 1 / places[0] if places else 0.0,
        "map": mean_precision / min(k, len(wanted)),
    }


lists_strategy = st.lists(
    st.tuples(st.lists(st.integers(0, 14), unique=True, max_size=9), st.sets(st.integers(0, 14))),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(lists_strategy, st.integers(1, 12))
def test_metrics_are_their_definitions(users: list[tuple[list[int], set[int]]], k: int) -> None:
    ranked = np.full((len(users), 9), -1, dtype=np.int64)
    for row, (videos, _) in enumerate(users):
        ranked[row, : len(videos)] = videos
    targets = [np.array(sorted(wanted), dtype=np.int64) for _, wanted in users]
    found = per_user(ranked, targets, k)
    assert tuple(found) == NAMES
    for row, (videos, wanted) in enumerate(users):
        for name in NAMES:
            if wanted:
                expected = by_hand(videos, wanted, k)[name]
                assert found[name][row] == pytest.approx(expected, abs=1e-12), name
            else:
                assert math.isnan(found[name][row])


MEASURES = ("success", "ndcg_cut", "recall", "P", "recip_rank", "map_cut")


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([-1.5, 0.0, 0.25, 0.5, 3.0]), min_size=12, max_size=12),
            st.sets(st.integers(0, 11), max_size=9),  # seen; leaves short lists
            st.sets(st.integers(0, 11), max_size=6),  # wanted; may be nothing
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 12),
)
def test_lists_and_metrics_agree_with_trec_eval(
    users: list[tuple[list[float], set[int], set[int]]], k: int
) -> None:
    """The reference of the field, through pytrec_eval, on scores with ties.

    trec_eval puts the later name first among equal scores: wanted videos get early names, so that
    ties are lost there as here.
    """
    wanted = [own - seen for _, seen, own in users]
    targets = [np.array(sorted(own), dtype=np.int64) for own in wanted]
    masked = [np.array(sorted(seen), dtype=np.int64) for _, seen, _ in users]
    scores = np.array([row for row, _, _ in users], dtype=np.float32)
    ranked = rank(scores, masked, targets, 12)
    found = per_user(ranked, targets, k)
    questions, answers = {}, {}
    for row, (values, seen, _) in enumerate(users):
        if not wanted[row]:
            assert all(math.isnan(found[name][row]) for name in NAMES)
            continue
        names = {v: f"{'a' if v in wanted[row] else 'b'}{v:02d}" for v in range(12)}
        questions[str(row)] = {names[v]: 1 for v in wanted[row]}
        answers[str(row)] = {names[v]: values[v] for v in range(12) if v not in seen}
    asked = {f"{measure}.{k}" for measure in MEASURES if measure != "recip_rank"} | {"recip_rank"}
    told = pytrec_eval.RelevanceEvaluator(questions, asked).evaluate(answers)
    for name, own in told.items():
        row, reachable = int(name), min(k, len(wanted[int(name)]))
        first = own["recip_rank"]
        expected = {
            "hit_rate": own[f"success_{k}"],
            "ndcg": own[f"ndcg_cut_{k}"],
            "recall": own[f"recall_{k}"],
            "precision": own[f"P_{k}"],
            "mrr": first if first * k >= 1 - 1e-9 else 0.0,  # trec_eval looks at the whole list
            "map": own[f"map_cut_{k}"] * len(wanted[row]) / reachable,  # it divides by all wanted
        }
        for metric, value in expected.items():
            assert found[metric][row] == pytest.approx(value, abs=1e-9), metric


def test_exposure_counts_what_anybody_was_shown() -> None:
    exposure = ExposureCounts(8)
    exposure.show(np.array([[0, 1], [1, 3], [-1, -1]]))
    assert exposure.coverage() == pytest.approx(3 / 8)
    assert ExposureCounts(0).coverage() == ExposureCounts(0).gini() == 0.0
    for counts, gini in (([5, 5, 5], 0.0), ([0, 0, 9], 1.0), ([0, 0, 0], 0.0)):
        given = ExposureCounts(3)
        given.show(np.repeat(np.arange(3), counts)[:, None])
        assert given.gini() == pytest.approx(gini)


def ranked_by_hand(scores: Sequence[float], seen: set[int], wanted: set[int], k: int) -> list[int]:
    open_to_all = [video for video in range(len(scores)) if video not in seen]
    order = sorted(open_to_all, key=lambda video: (-scores[video], video in wanted, video))
    return order[:k] + [-1] * (k - len(order[:k]))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([0.0, 0.5, 1.0, -2.0]), min_size=7, max_size=7),
            st.sets(st.integers(0, 6)),
            st.sets(st.integers(0, 6), min_size=1),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 9),
)
def test_ranking_masks_the_seen_and_loses_ties(
    users: list[tuple[list[float], set[int], set[int]]], k: int
) -> None:
    scores = np.array([row for row, _, _ in users], dtype=np.float32)
    histories = [history(seen) for _, seen, _ in users]
    targets = [np.array(sorted(wanted), dtype=np.int64) for _, _, wanted in users]
    lists = rank(scores, [history.videos for history in histories], targets, k)
    for row, (values, seen, wanted) in enumerate(users):
        assert lists[row].tolist() == ranked_by_hand(values, seen, wanted, k)


def history(videos: set[int]) -> History:
    rows = np.array(sorted(videos), dtype=np.int64)
    return History(rows, np.ones(len(rows), dtype=np.float32), rows)


def test_a_system_without_an_opinion_earns_nothing() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    lists = rank(np.zeros((1, 30), np.float32), [nobody], [np.array([0])], 10)
    assert lists[0].tolist() == list(range(1, 11))


def test_blocks_cover_all_users_and_bound_the_memory() -> None:
    for users, videos in ((0, 5), (1300, 10), (7, MAX_CELLS * 2), (40, MAX_CELLS // 16)):
        parts = blocks(users, videos)
        covered = [row for part in parts for row in range(part.start, part.stop)]
        assert covered == list(range(users))
        assert all((p.stop - p.start) * videos <= max(MAX_CELLS, videos) for p in parts)


def test_blocks_do_not_change_the_lists() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(1100, 12)).astype(np.float32)
    users = [
        History(np.array([u % 12]), np.ones(1, np.float32), np.array([u])) for u in range(1100)
    ]
    targets: list[Ints] = [np.array([(u + 1) % 12]) for u in range(1100)]

    def scorer(batch: Batch) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return table[[int(h.times[0]) for h in batch.histories]]

    seen = tuple(user.videos for user in users)
    task = Task(tuple(users), tuple(targets), seen)
    background = MetricContext(
        np.ones(12, dtype=np.int64), 9, np.zeros((12, 0), np.float32), np.full(12, -1)
    )
    measured = Evaluator((5,), 0, background).systems({"one": scorer}, [task])["one"]
    whole = per_user(rank(table, seen, targets, 5), targets, 5)
    for name in NAMES:
        np.testing.assert_array_equal(measured.values[f"{name}@5"], whole[name])


def test_the_bootstrap_is_paired_seeded_and_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(2.0, 3.0, size=(900, 2))
    means = resampled_means(values, seed=4)
    np.testing.assert_array_equal(means, resampled_means(values, seed=4))
    difference = resampled_means((values[:, 0] - values[:, 1])[:, None], seed=4)[:, 0]
    np.testing.assert_allclose(difference, means[:, 0] - means[:, 1], atol=1e-12)
    low, high = interval(means[:, 0])
    assert high - low == pytest.approx(2 * 1.96 * 3.0 / 30, rel=0.12)
    assert low < values[:, 0].mean() < high


def test_the_bootstrap_of_one_user_is_that_user() -> None:
    assert interval(resampled_means(np.array([[0.3]]), 0)[:, 0]) == pytest.approx((0.3, 0.3))


def test_missing_values_are_left_out_and_rows_of_one_user_are_drawn_together() -> None:
    values = np.array([[1.0], [np.nan], [3.0]])
    assert set(np.unique(resampled_means(values, 0)[:, 0]).tolist()) >= {1.0, 2.0, 3.0}
    sample = BootstrapSample(np.array([0, 0, 1]), np.array([0.5, 0.5, 1.0]))
    column = np.array([0.0, 4.0, 2.0])
    assert sample.mean(column) == 2.0
    means = resampled_means(column[:, None], 0, sample=sample)[:, 0]
    np.testing.assert_allclose(means, 2.0)  # each user's own mean is 2
