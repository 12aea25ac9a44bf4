"""Room for new videos: hiding known ones, the table of exchange, the offset for a chosen share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.interest.plain_ensemble import scored
from vireo.arrays import Bools, Floats
from vireo.behavior.base import History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.build import fit
from vireo.interest.cold_item_quota import (
    OFFSETS,
    describe_tradeoff,
    hidden,
    kept_from,
    new_share,
    offset_for,
    quota_tradeoff,
)
from vireo.interest.contract import training_of
from vireo.interest.ensemble_weights import ValidationScores
from vireo.interest.holdout import by_last

USERS, VIDEOS, NEW = 200, 40, 10


def court() -> tuple[ValidationScores, Floats, Bools]:
    """Random scores; half of the users wish for one of the last ten videos, which are new."""
    rng = np.random.default_rng(0)
    total = rng.normal(size=(USERS, VIDEOS)).astype(np.float32)
    targets = np.where(
        np.arange(USERS) % 2, rng.integers(30, 40, USERS), rng.integers(0, 30, USERS)
    )
    total[np.arange(USERS), targets] += 1.0
    unseen = np.ones(total.shape, dtype=np.bool_)
    new = np.arange(VIDEOS) >= VIDEOS - NEW
    return ValidationScores({}, new, unseen, np.arange(USERS), targets), total, new


def test_the_offset_gives_new_videos_the_chosen_share() -> None:
    heard, total, new = court()
    for share in (0.1, 0.25, 0.5):
        offset = offset_for(heard, total, new, share)
        moved = total + np.where(new, np.float32(offset), 0.0)
        assert new_share(heard, moved, new) == pytest.approx(share, abs=0.005)
    assert offset_for(heard, total, ~np.ones(VIDEOS, dtype=np.bool_), 0.3) == 0.0


def test_what_new_videos_win_the_known_ones_lose() -> None:
    heard, total, new = court()
    rows = quota_tradeoff(heard, total, new)
    assert [row["offset"] for row in rows] == list(OFFSETS)
    for name, falls in (("share", False), ("new_ndcg@10", False), ("known_ndcg@10", True)):
        values = [row[name] for row in rows]
        assert values == sorted(values, reverse=falls)
    assert "share" in describe_tradeoff(rows)["exchange_rate"]
    assert quota_tradeoff(heard, total, ~new & new) == []
    assert describe_tradeoff([]) == {}


def world() -> Training:
    """60 users with tastes of their own, 40 videos, the last ten known to nobody."""
    rng = np.random.default_rng(1)
    users = [(rng.permutation(15)[:8] + 15 * (u % 2)).tolist() for u in range(60)]
    content = np.zeros((VIDEOS, 4), dtype=np.float32)
    content[:, 0], content[:, 1] = np.arange(VIDEOS) < 15, np.arange(VIDEOS) >= 15
    content[:, 2:] = 0.3 * rng.normal(size=(VIDEOS, 2))
    return training_of(users, VIDEOS, content)


def test_known_videos_are_hidden_where_new_ones_wait_and_nobody_wishes_for_them() -> None:
    training = world()
    held = by_last(training.histories, 60, seed=0)
    kept = hidden(training, held, seed=0)
    assert len(kept) == 1  # a twentieth of thirty
    rest = kept_from(held.histories, kept)
    assert not np.isin(rest.videos, kept).any()
    there = ~np.isin(held.histories.videos, kept)
    np.testing.assert_array_equal(rest.videos, held.histories.videos[there])
    full = replace(training, has_content=np.arange(VIDEOS) < 30)
    assert not len(hidden(full, held, seed=0))  # of the new ones nothing is known


def test_a_model_keeps_its_offset_and_strangers_meet_popularity(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    section = InterestSection(
        experts=("popularity", "ease", "content"), validation="last", cold_item_share=0.5
    )
    model = fit(world(), section, context)
    assert model.offset != 0.0
    (tmp_path / "kept").mkdir()
    model.save(tmp_path / "kept")
    again = type(model).load(tmp_path / "kept")
    histories = world().histories
    batch = Batch([histories.row(0), histories.row(1)], histories.now, VIDEOS)
    total, parts = scored(again, batch)
    plain, _ = scored(replace(again, offset=0.0), batch)
    np.testing.assert_allclose(total[:, 30:], plain[:, 30:] + model.offset, atol=1e-5)
    np.testing.assert_array_equal(total[:, :30], plain[:, :30])
    np.testing.assert_allclose(sum(parts.values()), total, atol=1e-5)
    alone, _ = scored(again, Batch([History.empty()], histories.now, VIDEOS))
    assert alone[0, :30].std() > 0.1
