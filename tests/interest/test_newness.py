"""New videos have weights of their own: the wishes that judge them, and who is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from tests.interest.plain_ensemble import scored
from tests.interest.untrained import Untrained
from vireo.arrays import Floats
from vireo.interest.base import Batch, InterestModel, default_cold_weights
from vireo.interest.cold_item_weights import MIN_HELD_OUT, cold_item_holdout, cold_item_weights
from vireo.interest.contract import training_of


def test_the_last_wish_for_a_kept_video_is_judged_by_what_came_before_it() -> None:
    lists = [
        [0, 8, 1, 9, 2],  # 9 is the last kept one; 8 is not told, 2 came later
        [3, 4],  # none
        [8, 5],  # nothing known came before it
        [6, -9],  # a dislike is no wish
        [-1, 9],  # nothing that was liked came before it
        [7, 8, -9],
    ]
    histories = training_of(lists, 10).histories
    held = cold_item_holdout(histories, np.array([8, 9]), 10, seed=0)
    assert held.rows.tolist() == [0, 5]
    assert [part.tolist() for part in held.targets] == [[9], [8]]
    assert [held.histories.row(row).videos.tolist() for row in (0, 5)] == [[0, 1], [7]]
    assert not np.isin(held.histories.videos, [8, 9]).any()
    assert held.times is not None
    assert held.times.tolist() == [3 * 60_000, 14 * 60_000]
    assert len(cold_item_holdout(histories, np.array([8, 9]), 1, seed=0).rows) == 1


@dataclass(frozen=True)
class Likes(Untrained):
    """Says the same to everybody, but for what depends on the first video that one has met."""

    name: ClassVar[str] = "likes"
    scores_cold_items: ClassVar[bool] = True
    scores: Floats
    """(videos met first, n)"""

    def score(self, batch: Batch) -> Floats:
        return np.stack([self.scores[history.videos[0]] for history in batch.histories])


class Knows(Likes):
    name: ClassVar[str] = "knows"
    scores_cold_items: ClassVar[bool] = False


def test_who_knows_the_new_videos_is_believed_of_them_and_nobody_else() -> None:
    """Who met video v of the first twenty wishes for 20 + v; all from 20 on are kept."""
    users = 2 * MIN_HELD_OUT
    training = training_of([[u % 20, 20 + u % 20] for u in range(users)], 40)
    rng = np.random.default_rng(0)
    right, wrong = (rng.normal(size=(20, 40)).astype(np.float32) for _ in range(2))
    right[np.arange(20), 20 + np.arange(20)] += 2.0
    experts = {"right": Likes(right), "wrong": Likes(wrong), "blind": Knows(right)}
    kept = np.arange(20, 40)
    wishes = cold_item_holdout(training.histories, kept, users, seed=0)
    warm = np.arange(40) < 20
    found = cold_item_weights(experts, wishes, kept, warm, 0.8)
    assert found is not None
    assert sum(found.values()) == pytest.approx(0.8, abs=1e-5)
    assert found["right"] >= 1.9 * found["wrong"]
    twins = {"one": Likes(right), "two": Likes(right)}
    assert cold_item_weights(twins, wishes, kept, warm, 0.8) == {"one": 0.4, "two": 0.4}
    few = cold_item_holdout(training.histories, kept, MIN_HELD_OUT - 1, seed=0)
    assert cold_item_weights(experts, few, kept, warm, 0.8) is None
    assert cold_item_weights({"blind": Knows(right)}, wishes, kept, warm, 0.8) is None


def test_without_such_wishes_content_takes_over_from_those_who_cannot_tell() -> None:
    weights = {"ease": 0.6, "sequence": 0.3, "content": 0.1}
    found = default_cold_weights(weights, ["sequence", "content"])
    assert found == pytest.approx({"sequence": 0.3, "content": 0.4})
    assert default_cold_weights({"ease": 1.0}, []) == {}


def test_known_and_new_videos_are_scored_with_their_own_weights() -> None:
    rng = np.random.default_rng(1)
    one, two = (Likes(rng.normal(size=(4, 6)).astype(np.float32)) for _ in range(2))
    warm = np.array([True, True, True, True, False, False])
    batch = Batch([training_of([[2, 0]], 6).histories.row(0)], 0, 6)
    model = InterestModel({"one": one, "two": two}, {"one": 1.0, "two": 0.0}, warm=warm)
    plain, _ = scored(model, batch)
    model = InterestModel(
        model.experts, model.weights, warm=warm, fitted_cold_weights={"one": 0.0, "two": 2.0}
    )
    total, parts = scored(model, batch)
    np.testing.assert_array_equal(total[:, :4], plain[:, :4])
    unseen = two.scores[2][[1, 3, 4, 5]]  # 2 and 0 were met
    own = (two.scores[2][4:] - unseen.mean()) / unseen.std()
    np.testing.assert_allclose(total[0, 4:], 2.0 * own, rtol=1e-5)
    assert not parts["one"][:, 4:].any()
    assert not parts["two"][:, :4].any()
