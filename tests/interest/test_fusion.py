"""Fusion: parts add up, new videos and strangers are served, weights follow the evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.interest.plain_ensemble import scored
from tests.interest.untrained import Untrained
from vireo.arrays import Floats, Ints
from vireo.behavior.base import NO_TIME, History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.evaluation.metrics import per_user
from vireo.interest.base import (
    AlsSection,
    Batch,
    EaseSection,
    InterestModel,
    InterestSection,
    Training,
)
from vireo.interest.build import fit
from vireo.interest.contract import WORLDS, batch_of, training_of
from vireo.interest.ensemble import unseen_mask
from vireo.interest.ensemble_weights import ValidationScores, choose, with_content_fallback
from vireo.interest.holdout import Holdout, by_last, by_time, pairs, random_split

SECTION = InterestSection(ease=EaseSection(regularization=5.0), als=AlsSection(embedding_size=8))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)


def two_tastes(users: int = 120, videos: int = 40, newcomers: int = 4) -> Training:
    """Half the users want the first half of the videos; the last videos of all are new."""
    rng = np.random.default_rng(4)
    half = videos // 2
    lists = [(rng.permutation(half)[:8] + half * (user % 2)).tolist() for user in range(users)]
    content = 0.1 * rng.normal(size=(videos + newcomers, 4))
    taste = np.r_[np.repeat([0, 1], half), np.arange(newcomers) % 2]
    content[np.arange(videos + newcomers), taste] += 1.0
    return training_of(lists, videos + newcomers, content.astype(np.float32))


def test_weights_are_found_and_the_lists_keep_to_the_taste(context: Context) -> None:
    training = two_tastes()
    model = fit(training, SECTION, context)
    total, _ = scored(model, batch_of(training))
    unseen = unseen_mask(batch_of(training))
    for user in range(0, 120, 7):
        best = np.argsort(-np.where(unseen[user], total[user], -np.inf))[:6]
        own = [v // 20 == user % 2 if v < 40 else v % 2 == user % 2 for v in best]
        assert all(own)
    assert sum(model.weights.values()) == pytest.approx(1.0, abs=1e-4)
    figures = model.report["validation"]["ndcg@10"]
    assert figures["fused"] >= max(figures.values())
    assert model.report["validation"]["users"] == 120


def test_parts_add_up_and_new_videos_speak_through_content(context: Context) -> None:
    training = two_tastes()
    model = fit(training, SECTION, context)
    total, parts = scored(model, batch_of(training))
    np.testing.assert_allclose(sum(parts.values()), total, atol=1e-5)
    assert parts["content"][:120, 40:].any()
    assert all(not part[:, 40:].any() for name, part in parts.items() if name != "content")
    even = total[0:120:2]
    assert (even[:, [40, 42]].min(axis=1) > even[:, [41, 43]].max(axis=1)).all()


def test_a_stranger_gets_what_is_popular(context: Context) -> None:
    training = two_tastes()
    model = fit(training, SECTION, context)
    ease_only = InterestModel(model.experts, {"ease": 1.0}, model.content, {}, model.warm)
    batch = Batch([History.empty(), training.histories.row(0)], training.histories.now, 44)
    total, parts = scored(ease_only, batch)
    assert total[0].argmax() in np.flatnonzero(training.user_counts == training.user_counts.max())
    assert not parts["popularity"][1].any()
    np.testing.assert_allclose(sum(parts.values()), total, atol=1e-5)


def test_a_model_comes_back_from_disk(context: Context, tmp_path: Path) -> None:
    training = two_tastes()
    model = fit(training, SECTION, context)
    home = tmp_path / "model"
    home.mkdir()
    model.save(home)
    again = InterestModel.load(home)
    np.testing.assert_array_equal(
        scored(again, batch_of(training))[0], scored(model, batch_of(training))[0]
    )
    assert again.report == model.report
    assert again.weights == model.weights


@pytest.mark.parametrize("name", list(WORLDS))
def test_degenerate_worlds_get_default_weights_and_a_note(name: str, context: Context) -> None:
    training = training_of(*WORLDS[name])
    model = fit(training, SECTION, context)
    total, _ = scored(model, batch_of(training))
    assert np.isfinite(total).all()
    assert "default weights" in model.report["validation"]["note"]


def test_the_same_seed_gives_the_same_model(context: Context) -> None:
    one, two = (fit(two_tastes(), SECTION, context) for _ in range(2))
    assert one.weights == two.weights
    assert one.report == two.report


def test_the_last_wanted_video_is_held_back_with_what_follows_it() -> None:
    training = training_of([[0, 1, 2, -3], [4], [5, 6, 5], [-1, -2], [7, -8, 9]], 10)
    held = by_last(training.histories, 10, seed=0)
    assert held.rows.tolist() == [0, 4]  # one wanted video; seen before; nothing wanted
    assert [part.tolist() for part in held.targets] == [[2], [9]]
    left = [held.histories.row(row).videos.tolist() for row in range(5)]
    assert left == [[0, 1], [4], [5, 6, 5], [1, 2], [7, 8]]


def test_where_videos_come_again_what_a_viewer_comes_back_to_leads(context: Context) -> None:
    """Everybody has a channel of their own among 20 and returns to it after every other one."""
    rng = np.random.default_rng(3)
    users = [
        [v for other in rng.permutation(20)[:6] for v in (int(other), u % 20)] for u in range(120)
    ]
    training = training_of(users, 20)
    names = ("popularity", "repeat", "als")
    section = InterestSection(experts=names, allow_repeats=True, validation="last")
    model = fit(training, section, context)
    assert model.weights["repeat"] > 0.5
    total, _ = scored(model, batch_of(training))
    assert (total[:120].argmax(axis=1) == np.arange(120) % 20).all()
    once = fit(training, section.model_copy(update={"allow_repeats": False}), context)
    said = scored(replace(once, weights={"repeat": 1.0, "als": 0.1}), batch_of(training))[1]
    assert not said["repeat"].any()  # elsewhere it has nothing to say


def test_by_time_everybodys_latest_events_are_held_back() -> None:
    """Times run through all users in turn, so the last tenth is one user's last two events."""
    lists = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [5, 6, 7, 8, 9, 0, 1, 2, 2, 3]]
    histories = training_of(lists, 12).histories
    held = by_time(replace(histories, times=np.arange(20, dtype=np.int64)), 10, seed=0)
    assert held.rows.tolist() == [1]
    assert held.targets[0].tolist() == [3]  # 2 was met before
    assert [len(held.histories.row(row)) for row in range(2)] == [10, 8]
    none = by_time(replace(histories, times=np.full(20, NO_TIME)), 10, seed=0)
    assert not len(none.rows)


def test_without_times_a_fifth_is_drawn_by_lot(context: Context) -> None:
    """Sorted by video, everybody's last row is the same: it says nothing of what they want."""
    rng = np.random.default_rng(2)
    users = [[*sorted((rng.permutation(19)[:10] + 20 * (u % 2)).tolist()), 39] for u in range(200)]
    training = training_of(users, 40)
    timeless = replace(training.histories, times=np.full(len(training.histories.videos), NO_TIME))
    held = random_split(timeless, 150, seed=0)
    assert 100 < len(held.rows) <= 150
    assert np.mean([len(part) for part in held.targets]) == pytest.approx(2.2, abs=0.7)
    for row, videos in zip(held.rows.tolist(), held.targets, strict=True):
        assert set(videos.tolist()) | set(held.histories.row(row).videos) == set(users[row])
    section = InterestSection(experts=("popularity", "ease"))
    model = fit(replace(training, histories=timeless), section, context)
    assert "random" in model.report["validation"]["held_back"]
    assert model.weights["ease"] > 0.5


def test_pairs_are_everybodys_targets() -> None:
    owner, targets = pairs([np.arange(3), np.array([3])])
    assert owner.tolist() == [0, 0, 0, 1]
    assert targets.tolist() == [0, 1, 2, 3]


def test_the_court_judges_as_the_evaluator_does_but_loses_ties() -> None:
    rng = np.random.default_rng(9)
    total = rng.normal(size=(30, 60)).astype(np.float32)
    targets = [rng.permutation(60)[: rng.integers(1, 25)] for _ in range(30)]
    unseen = rng.random((30, 60)) < 0.8
    for row, videos in enumerate(targets):
        unseen[row, videos] = True
    court = ValidationScores({}, np.zeros(60, dtype=np.bool_), unseen, *pairs(targets))
    ranked = np.argsort(-np.where(unseen, total, -np.inf), axis=1)
    np.testing.assert_allclose(court.gains(total), per_user(ranked, targets, 10)["ndcg"])
    assert not court.gains(np.zeros_like(total)).any()


def court_of(said: dict[str, Floats], targets: Ints, known: int | None = None) -> ValidationScores:
    """Without what anybody has met; the videos from row `known` on are new."""
    shape = next(iter(said.values())).shape
    new = np.arange(shape[1]) >= (shape[1] if known is None else known)
    unseen = np.ones(shape, dtype=np.bool_)
    return ValidationScores(said, new, unseen, np.arange(shape[0]), targets)


def test_content_stands_in_for_new_videos_as_much_as_it_helps() -> None:
    """All targets are new, and content knows them: it must be heard fully, not half."""
    rng = np.random.default_rng(1)
    users, videos = 300, 40
    targets = rng.integers(30, videos, users)  # the last ten are new
    warm = rng.normal(size=(users, videos)).astype(np.float32)
    warm[:, 30:] = 0.0
    content = np.zeros((users, videos), dtype=np.float32)
    content[np.arange(users), targets] = 2.5
    said = {"ease": warm, "content": content}
    weights = {"ease": 1.0, "content": 0.0}
    assert with_content_fallback(court_of(said, targets, 30), weights)["content"] > 0.5
    useless = court_of(said, rng.integers(0, 30, users), 30)
    assert with_content_fallback(useless, weights)["content"] <= 0.5


def test_a_useless_expert_gets_no_weight() -> None:
    rng = np.random.default_rng(0)
    users, videos = 400, 50
    targets = rng.integers(0, videos, users)
    good = rng.normal(size=(users, videos)).astype(np.float32)
    good[np.arange(users), targets] += 2.0
    noise = rng.normal(size=(users, videos)).astype(np.float32)
    helper = 0.5 * rng.normal(size=(users, videos)).astype(np.float32)
    helper[np.arange(users), targets] += 0.8
    weights = choose(court_of({"noise": noise, "good": good, "helper": helper}, targets))
    assert weights["noise"] == 0.0
    assert weights["good"] > 0
    assert weights["helper"] > 0


@dataclass(frozen=True)
class Oracle(Untrained):
    """Knows the targets: a court must hear it clearly, and lose every tie."""

    name: ClassVar[str] = "oracle"
    scores_cold_items: ClassVar[bool] = False
    scores: Floats

    def score(self, batch: Batch) -> Floats:
        return self.scores


def test_gains_are_full_ranks_with_ties_lost() -> None:
    training = training_of([[0, 1], [0, 1], [0, 1]], 14)
    held = Holdout(training.histories, np.arange(3), (np.array([5]),) * 3)
    scores = np.zeros((3, 14), dtype=np.float32)
    scores[0, 5] = 1.0  # alone at the top
    scores[1, [0, 5, 6]] = 1.0  # 0 is seen, so 6 alone ties: second
    scores[2, 7] = 1.0  # ties with eleven others behind the first: beyond ten
    court = ValidationScores.compute({"oracle": Oracle(scores)}, held, np.ones(14, dtype=np.bool_))
    gains = court.gains(court.total({"oracle": 1.0}, {}))
    assert gains == pytest.approx([1.0, 1 / np.log2(3), 0.0])


def test_gains_of_several_targets_are_textbook_ndcg() -> None:
    training = training_of([[0, 1]], 14)
    held = Holdout(training.histories, np.arange(1), (np.array([5, 6, 7]),))
    scores = -np.arange(14, dtype=np.float32)[None, :]  # 0 and 1 are seen: 2 is first, 5 is fourth
    court = ValidationScores.compute({"oracle": Oracle(scores)}, held, np.ones(14, dtype=np.bool_))
    dcg = sum(1 / np.log2(rank + 1) for rank in (4, 5, 6))
    ideal = sum(1 / np.log2(rank + 1) for rank in (1, 2, 3))
    gains = court.gains(court.total({"oracle": 1.0}, {}))
    assert gains == pytest.approx([dcg / ideal])
