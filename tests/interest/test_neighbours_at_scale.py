"""Counted neighbours of large catalogues are made in parts, and the parts change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vireo.behavior.base import Histories, History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest import cooccurrence
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.cooccurrence import ItemKnn, SessionCooccurrence, Transitions

VIDEOS, USERS, EVENTS = 60, 80, 25


def training() -> Training:
    rng = np.random.default_rng(0)
    count = USERS * EVENTS
    histories = Histories(
        tuple(f"u{row}" for row in range(USERS)),
        VIDEOS,
        np.arange(0, count + 1, EVENTS),
        rng.integers(0, VIDEOS, count),
        np.where(rng.random(count) < 0.1, -1.0, 1.0).astype(np.float32),
        np.arange(count),
        np.sort(rng.integers(0, 4, (USERS, EVENTS)), axis=1).ravel(),
    )
    nothing = np.zeros((VIDEOS, 0), dtype=np.float32)
    return Training(
        histories, nothing, np.zeros(VIDEOS, dtype=np.bool_), np.zeros(VIDEOS, np.int64)
    )


@pytest.mark.parametrize("expert", [Transitions, SessionCooccurrence, ItemKnn])
@pytest.mark.parametrize("at_once", [1, 700])
def test_parts_change_nothing(
    expert: type[Transitions], at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    whole = expert.fit(training(), InterestSection(), context).matrix
    monkeypatch.setattr(cooccurrence, "_AT_ONCE", at_once)
    parts = expert.fit(training(), InterestSection(), context).matrix
    assert whole.nnz
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))


def test_sittings_are_told_apart_by_viewer_and_number() -> None:
    made = training()
    users, videos = made.histories.user_rows, made.histories.videos
    counts = cooccurrence._counted(users * 5 + made.histories.sessions, videos, VIDEOS)
    by_hand = 0.0
    for row in range(USERS):
        own = made.histories.row(row)
        sittings = made.histories.sessions[row * EVENTS : (row + 1) * EVENTS]
        for at in range(EVENTS - 1):
            together = sittings[at] == sittings[at + 1]
            by_hand += together and own.videos[at] != own.videos[at + 1]
    first = cooccurrence._counted(users, videos, VIDEOS)
    assert by_hand < counts.sum() < first.sum()


@pytest.mark.parametrize("expert", [Transitions, SessionCooccurrence, ItemKnn])
def test_contributions_to_several_videos_are_those_to_each_and_add_up(
    expert: type[Transitions], tmp_path: Path
) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    fitted = expert.fit(training(), InterestSection(), context)
    history = training().histories.row(3)
    shown = np.array([59, 0, 17, 4])  # in no order, as on a list
    together = fitted.contributions_to(history, shown)
    each = [fitted.contributions(history, int(video)) for video in shown]
    assert np.array_equal(together, np.stack([one for one in each if one is not None], axis=1))
    assert together.any()
    scores = fitted.score(Batch([history], 0, VIDEOS))[0]
    assert np.allclose(together.sum(axis=0), scores[shown], atol=1e-5)
    assert fitted.contributions_to(History.empty(), shown).shape == (0, 4)
