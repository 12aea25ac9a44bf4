"""Contract tests for experts, to inherit by the built-in ones and by plug-ins.

class TestMine(ExpertContract):
    expert = Mine

An expert with optional abilities (`expert_protocols.py`) inherits their contracts too:

class TestMine(DotProductContract, UnlearningContract):
    expert = Mine
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vireo.arrays import Floats, unit_rows
from vireo.behavior.base import NO_TIME, Histories, History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, Expert, InterestSection, Training
from vireo.interest.expert_protocols import Abilities, contributions_to

WORLDS: dict[str, tuple[list[list[int]], int]] = {
    "one user, one video": ([[0]], 1),
    "identical users": ([[0, 1]] * 5, 3),
    "no users": ([], 4),
    "only dislikes": ([[-1], [-2]], 3),
    "one video seen by everyone": ([[0], [0, 1], [0, 2, 1], [0, 3]], 5),
    "two tastes": ([[0, 1, 2], [1, 2, 0], [0, 2], [3, 4, 5], [4, 5, 3], [5, 3], [1, 0, -5]], 8),
}
"""Name -> the users' videos, oldest first, and the number of videos; -v is a dislike of v."""


def training_of(
    users: Sequence[Sequence[int]], n_videos: int, content: Floats | None = None
) -> Training:
    """Lists of videos, oldest first, as Training: an event a minute; -v is a dislike of v."""
    events = [(row, video) for row, videos in enumerate(users) for video in videos]
    signed = np.array([video for _, video in events], dtype=np.int64)
    rows = np.array([row for row, _ in events], dtype=np.int64)
    histories = Histories(
        user_ids=tuple(f"user-{row}" for row in range(len(users))),
        n_videos=n_videos,
        offsets=np.cumsum([0, *(len(videos) for videos in users)]).astype(np.int64),
        videos=np.abs(signed),
        weights=np.where(signed < 0, -1.0, 1.0).astype(np.float32),
        times=60_000 * np.arange(len(events), dtype=np.int64),
        sessions=rows,
    )
    if content is None:
        raw = np.random.default_rng(5).normal(size=(n_videos, 6)).astype(np.float32)
        raw[n_videos // 2] = 0.0  # a video of which nothing is known
        content = unit_rows(raw)
    published = np.full(n_videos, NO_TIME, dtype=np.int64)
    return Training(histories, content, np.asarray(content.any(axis=1)), published)


def batch_of(training: Training) -> Batch:
    """All users of the training, and one without a history."""
    histories = training.histories
    rows = [histories.row(row) for row in range(len(histories))]
    return Batch([*rows, History.empty()], histories.now, training.n_videos)


class ExpertContract:
    """Inherit, name the `expert`, and let pytest collect the class."""

    expert: ClassVar[Any]
    section: ClassVar[InterestSection] = InterestSection()
    tolerance: ClassVar[float] = 1e-4
    """Of scores that may differ by rounding alone."""

    def fitted(self, training: Training, tmp_path: Path) -> Expert:
        context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=3)
        expert: Expert = self.expert.fit(training, self.section, context)
        return expert

    def test_scores_are_finite_in_every_world(self, tmp_path: Path) -> None:
        for name, (users, n_videos) in WORLDS.items():
            training = training_of(users, n_videos)
            scores = self.fitted(training, tmp_path).score(batch_of(training))
            assert scores.shape == (len(users) + 1, n_videos), name
            assert scores.dtype == np.float32, name
            assert np.isfinite(scores).all(), name

    def test_saved_and_loaded_it_says_the_same(self, tmp_path: Path) -> None:
        for at, (users, n_videos) in enumerate(WORLDS.values()):
            training = training_of(users, n_videos)
            expert = self.fitted(training, tmp_path)
            directory = tmp_path / str(at)
            directory.mkdir()
            expert.save(directory)
            again = self.expert.load(directory)
            batch = batch_of(training)
            np.testing.assert_array_equal(again.score(batch), expert.score(batch))

    def test_the_same_seed_gives_the_same_scores(self, tmp_path: Path) -> None:
        training = training_of(*WORLDS["two tastes"])
        batch = batch_of(training)
        one, two = (self.fitted(training_of(*WORLDS["two tastes"]), tmp_path) for _ in range(2))
        np.testing.assert_array_equal(one.score(batch), two.score(batch))

    def test_the_order_of_users_changes_nothing(self, tmp_path: Path) -> None:
        users, n_videos = WORLDS["two tastes"]
        order = np.random.default_rng(1).permutation(len(users))
        training = training_of(users, n_videos)
        batch = batch_of(training)
        other = training_of([users[row] for row in order], n_videos)
        self.close(
            self.fitted(other, tmp_path).score(batch),
            self.fitted(training, tmp_path).score(batch),
        )

    def test_a_batch_is_scored_as_its_viewers_one_by_one(self, tmp_path: Path) -> None:
        training = training_of(*WORLDS["two tastes"])
        expert = self.fitted(training, tmp_path)
        batch = batch_of(training)
        alone = [expert.score(Batch([h], batch.now, batch.n_videos)) for h in batch.histories]
        self.close(expert.score(batch), np.vstack(alone))

    def test_contributions_have_one_entry_per_event(self, tmp_path: Path) -> None:
        training = training_of(*WORLDS["two tastes"])
        expert = self.fitted(training, tmp_path)
        for history in batch_of(training).histories:
            added = expert.contributions(history, 1)
            assert added is None or (len(added) == len(history) and np.isfinite(added).all())

    def close(self, one: Floats, two: Floats) -> None:
        np.testing.assert_allclose(one, two, rtol=self.tolerance, atol=self.tolerance)


class DotProductContract(ExpertContract):
    """For experts with `vectors`, `user_vectors` and `shares`."""

    def test_dot_products_are_the_scores(self, tmp_path: Path) -> None:
        for users, n_videos in WORLDS.values():
            training = training_of(users, n_videos)
            expert = self.fitted(training, tmp_path)
            able = Abilities.of(expert).dot_product
            assert able is not None
            if (vectors := able.vectors) is None:
                continue
            batch = batch_of(training)
            self.close(able.user_vectors(batch) @ vectors.T, expert.score(batch))
            for history in batch.histories:
                added, shares = expert.contributions(history, 0), able.shares(history)
                assert (added is None) == (shares is None)
                if added is not None and shares is not None:
                    self.close(shares @ vectors[0], added)


class SparseScoresContract(ExpertContract):
    """For experts with `sparse_scores`."""

    def test_sparse_scores_are_the_scores(self, tmp_path: Path) -> None:
        for users, n_videos in WORLDS.values():
            training = training_of(users, n_videos)
            expert = self.fitted(training, tmp_path)
            batch = batch_of(training)
            scores = expert.score(batch)
            for row, history in enumerate(batch.histories):
                able = Abilities.of(expert).sparse
                assert able is not None
                sparse = able.sparse_scores(history)
                assert sparse is not None
                assert (np.diff(sparse.rows) > 0).all()
                self.close(sparse.dense, scores[row])


class SubsetScoresContract(ExpertContract):
    """For experts with `videos` and `score_subset`."""

    def test_scores_are_those_of_the_subset_and_0(self, tmp_path: Path) -> None:
        for users, n_videos in WORLDS.values():
            training = training_of(users, n_videos)
            expert = self.fitted(training, tmp_path)
            batch = batch_of(training)
            able = Abilities.of(expert).subset
            assert able is not None
            whole = np.zeros((len(batch.histories), n_videos), dtype=np.float32)
            whole[:, able.videos] = able.score_subset(batch)
            self.close(whole, expert.score(batch))


class ContributionsContract(ExpertContract):
    """For experts with `contributions_to`: of several videos at once, and exact."""

    exact: ClassVar[bool] = True
    """Whether the contributions add up to the score."""

    def test_contributions_to_several_videos_are_those_to_each(self, tmp_path: Path) -> None:
        training = training_of(*WORLDS["two tastes"])
        expert = self.fitted(training, tmp_path)
        batch = batch_of(training)
        videos = np.array([5, 0, 3])
        for row, history in enumerate(batch.histories):
            added = contributions_to(expert, history, videos)
            assert added is not None
            each = [expert.contributions(history, video) for video in videos.tolist()]
            self.close(added, np.stack([one for one in each if one is not None], axis=1))
            if self.exact:
                self.close(added.sum(axis=0), expert.score(batch)[row, videos])


class WarmStartContract(ExpertContract):
    """For experts with `warm_start`: an earlier fit is taken up by the next."""

    def test_the_next_fit_takes_an_earlier_one(self, tmp_path: Path) -> None:
        training = training_of(*WORLDS["two tastes"])
        first = self.fitted(training, tmp_path)
        assert Abilities.of(first).warm_start
        again = replace(training, before={self.expert.name: first})
        scores = self.fitted(again, tmp_path).score(batch_of(training))
        assert np.isfinite(scores).all()


class UnlearningContract(ExpertContract):
    """For experts with `without`: as if a user had not been in the training."""

    def test_without_a_user_as_if_fitted_without(self, tmp_path: Path) -> None:
        users, n_videos = WORLDS["two tastes"]
        training = training_of(users, n_videos)
        able = Abilities.of(self.fitted(training, tmp_path)).unlearning
        assert able is not None
        # The first user, so that the time of the last event stays as it is.
        left = able.without(training.histories.row(0))
        refitted = self.fitted(training_of(users[1:], n_videos), tmp_path)
        batch = batch_of(training)
        self.close(left.score(batch), refitted.score(batch))
