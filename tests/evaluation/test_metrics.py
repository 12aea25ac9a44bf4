"""Metrics and ranking against plain loops written from the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vireo.arrays import Ints
from vireo.behavior.base import History
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.evaluation.metrics import NAMES, coverage, per_user
from vireo.evaluation.ranking import MOST_CELLS, blocks, rank, ranked_lists
from vireo.interest.base import Batch


def by_hand(ranked: Sequence[int], wanted: set[int], k: int) -> dict[str, float]:
    """One user, from the definitions."""
    top = [video for video in ranked if video >= 0][:k]
    places = [place for place, video in enumerate(top, start=1) if video in wanted]
    best = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
    mean_precision = sum((at + 1) / place for at, place in enumerate(places))
    return {
        "HR": 1.0 if places else 0.0,
        "NDCG": sum(1 / math.log2(place + 1) for place in places) / best,
        "Recall": len(places) / len(wanted),
        "Precision": len(places) / k,
        "MRR": 1 / places[0] if places else 0.0,
        "MAP": mean_precision / min(k, len(wanted)),
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


def test_coverage_counts_what_anybody_was_shown() -> None:
    assert coverage(np.array([[0, 1, 2], [1, 3, -1]]), 8, 2) == pytest.approx(3 / 8)
    assert coverage(np.zeros((0, 3), dtype=np.int64), 0, 2) == 0.0


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
    lists = rank(scores, Batch(histories, 0, 7), targets, k)
    for row, (values, seen, wanted) in enumerate(users):
        assert lists[row].tolist() == ranked_by_hand(values, seen, wanted, k)


def history(videos: set[int]) -> History:
    rows = np.array(sorted(videos), dtype=np.int64)
    return History(rows, np.ones(len(rows), dtype=np.float32), rows)


def test_a_system_without_an_opinion_earns_nothing() -> None:
    lists = rank(
        np.zeros((1, 30), np.float32), Batch([History.empty()], 0, 30), [np.array([0])], 10
    )
    assert lists[0].tolist() == list(range(1, 11))


def test_blocks_cover_all_users_and_bound_the_memory() -> None:
    for users, videos in ((0, 5), (1300, 10), (7, MOST_CELLS * 2), (40, MOST_CELLS // 16)):
        parts = blocks(users, videos)
        covered = [row for part in parts for row in range(part.start, part.stop)]
        assert covered == list(range(users))
        assert all((p.stop - p.start) * videos <= max(MOST_CELLS, videos) for p in parts)


def test_blocks_do_not_change_the_lists() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(1100, 12)).astype(np.float32)
    users = [
        History(np.array([u % 12]), np.ones(1, np.float32), np.array([u])) for u in range(1100)
    ]
    targets: list[Ints] = [np.array([(u + 1) % 12]) for u in range(1100)]

    def scorer(batch: Batch) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return table[[int(h.times[0]) for h in batch.histories]]

    lists = ranked_lists(scorer, users, 0, 12, targets, 5)
    assert lists.shape == (1100, 5)
    whole = rank(table, Batch(users, 0, 12), targets, 5)
    np.testing.assert_array_equal(lists, whole)


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
