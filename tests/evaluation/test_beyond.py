"""Diversity, novelty, calibration, popularity lift: against loops written from the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from vireo.behavior.base import History
from vireo.evaluation.beyond_accuracy import MetricContext, per_list
from vireo.evaluation.slices import NEW, PopularityClasses, length_classes


def history(*videos: int) -> History:
    rows = np.array(videos, dtype=np.int64)
    return History(rows, np.ones(len(rows), dtype=np.float32), np.arange(len(rows)))


def test_every_figure_is_its_definition() -> None:
    rng = np.random.default_rng(2)
    content = rng.normal(size=(12, 5)).astype(np.float32)
    content[4] = 0
    content /= np.maximum(np.linalg.norm(content, axis=1, keepdims=True), 1e-9)
    topics = rng.integers(-1, 4, size=12)
    watchers = rng.integers(0, 30, size=12)
    background = MetricContext(watchers, 60, content, topics)
    lists = [rng.permutation(12)[:length] for length in (6, 6, 3, 1, 0)]
    ranked = np.full((5, 6), -1, dtype=np.int64)
    for row, own in enumerate(lists):
        ranked[row, : len(own)] = own
    histories = [history(1, 2, 3), history(5), history(), history(7, 8), history(0)]
    found = per_list(ranked, histories, background)
    for row, own in enumerate(lists):
        bits = [-math.log2(max(watchers[v], 1) / 60) for v in own]
        same(found["novelty"][row], float(np.mean(bits)) if len(own) else math.nan)
        known = [v for v in own if content[v].any()]
        pairs = [1 - float(content[a] @ content[b]) for a in known for b in known if a < b]
        same(found["diversity"][row], float(np.mean(pairs)) if pairs else math.nan)
        liked = histories[row].videos
        before = watchers[liked].mean() if len(liked) else 0
        lift = watchers[own].mean() / before - 1 if before and len(own) else math.nan
        same(found["popularity_lift"][row], lift)
        one, two = (
            np.bincount(topics[v][topics[v] >= 0], minlength=4) if len(v) else np.zeros(4)
            for v in (own, liked)
        )
        told = one.sum() and two.sum()
        same(found["calibration"][row], jensenshannon(one, two, 2) ** 2 if told else math.nan)


def same(found: float, expected: float) -> None:
    assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_classes_of_popularity_hold_a_third_of_all_viewings_each() -> None:
    watchers = np.array([0, 1, 1, 1, 1, 1, 5, 5, 10, 0])
    classes = PopularityClasses.of(watchers)
    held = [int(watchers[classes.class_of == at].sum()) for at in range(4)]
    assert held[0] == 0
    assert classes.labels[0] == NEW
    assert sum(held) == watchers.sum()
    for at in range(1, 4):  # equal numbers of viewers stay together, and classes rise
        assert (
            len({classes.class_of[v] for v in np.flatnonzero(watchers == [1, 5, 10][at - 1])}) == 1
        )
    assert (np.diff(classes.class_of[np.argsort(watchers, kind="stable")]) >= 0).all()
    nothing = PopularityClasses.of(np.zeros(3, dtype=np.int64))
    assert nothing.class_of.tolist() == [0, 0, 0]


def test_classes_of_history_length() -> None:
    labels, classes = length_classes(
        [history(), history(1), history(*range(4)), history(*range(5))]
    )
    assert [labels[c] for c in classes] == [NEW, "1 to 4", "1 to 4", "5 to 19"]
    assert labels[-1] == "from 200"
