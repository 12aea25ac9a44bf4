"""Damaged copies of real files: each gives a row or a reason; none crashes or hangs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.video_fuzz import damaged, fuzz
from tests.real_data import data_folder


def test_damaged_copies_cost_their_own_row(tmp_path: Path) -> None:
    figures = fuzz(data_folder("clips"), 40, tmp_path, timeout=120.0)
    assert figures["not accounted for"] == []
    assert sum(figures["outcomes"].values()) == 40


def test_the_damage_is_the_same_for_the_same_seed() -> None:
    raw = np.random.default_rng(9).bytes(10_000)
    for seed in range(4):
        assert damaged(raw, seed) == damaged(raw, seed) != raw
