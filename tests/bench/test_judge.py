"""Lists that cheat are refused, and the figures of honest ones are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.base import Split
from bench.evaluator import BadLists, Lists, figures_of, judged
from tests.bench.world import data_of, many_users, split_of


@pytest.fixture
def split(tmp_path: Path) -> Split:
    return split_of(many_users(), "leave-one-out", tmp_path)


def honest(split: Split) -> dict[str, Any]:
    """Unseen items in the order of their codes."""
    met = split.items_of("train")
    lists = np.full((len(split.test_users), 100), -1)
    for row, user in enumerate(split.test_users.tolist()):
        unseen = np.setdiff1d(np.arange(split.n_items), met[user])[:100]
        lists[row, : len(unseen)] = unseen
    return {"users": split.test_users, "all": lists}


def refused(split: Split, tmp_path: Path, why: str, **arrays: Any) -> None:
    np.savez(tmp_path / "lists.npz", **{**honest(split), **arrays})
    with pytest.raises(BadLists, match=why):
        Lists.load(tmp_path / "lists.npz", split)


def test_cheating_lists_are_refused(split: Split, tmp_path: Path) -> None:
    good = honest(split)["all"]
    users = split.test_users
    met = good.copy()
    met[3, 50] = split.items_of("train")[int(users[3])][0]
    refused(split, tmp_path, "has met: the seen must be masked", all=met)
    again = good.copy()
    again[0, 1] = again[0, 0]
    refused(split, tmp_path, "repeats an item", all=again)
    gap = good.copy()
    gap[2, 4] = -1
    refused(split, tmp_path, "gaps", all=gap)
    refused(split, tmp_path, "codes that are no items", all=np.where(good == good[0, 0], 150, good))
    refused(split, tmp_path, "codes that are no items", all=good - 5)
    refused(split, tmp_path, "must rank the whole catalogue", all=good[:, :11])
    refused(split, tmp_path, "must rank the whole catalogue", all=good[:-1])
    refused(split, tmp_path, "each once", users=users[:-1])
    refused(split, tmp_path, "each once", users=np.where(users == users[0], users[1], users))
    refused(split, tmp_path, "not integers", all=good.astype(np.float64))
    with pytest.raises(BadLists, match="No lists"):
        Lists.load(tmp_path / "nothing.npz", split)
    (tmp_path / "torn.npz").write_bytes(b"PK torn")
    with pytest.raises(BadLists, match="cannot be read"):
        Lists.load(tmp_path / "torn.npz", split)


def test_the_cold_group_must_be_there_and_hold_cold_items_only(tmp_path: Path) -> None:
    split = split_of(many_users(each=30), "cold-items", tmp_path)
    refused(split, tmp_path, "'cold' is missing")
    refused(split, tmp_path, "lists a warm item", cold=honest(split)["all"])


def test_figures_do_not_depend_on_the_order_of_the_users(split: Split, tmp_path: Path) -> None:
    arrays = honest(split)
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez(tmp_path / "b.npz", users=arrays["users"][::-1], all=arrays["all"][::-1])
    one, two = (judged(split, Lists.load(tmp_path / f"{x}.npz", split)) for x in "ab")
    assert one == two
    assert set(one.metrics) == set(figures_of("leave-one-out"))


def test_known_figures(tmp_path: Path) -> None:
    """Two users, one hidden item each: at place 1 and at place 3; then nobody's."""
    split = split_of(data_of([[0, 1], [0, 2]], items=6), "leave-one-out", tmp_path)
    lists = np.full((2, 100), -1)
    lists[0, :2] = [1, 2]
    lists[1, :3] = [3, 1, 2]
    figures = judged(split, Lists(lists)).metrics
    assert figures["hit_rate@10"] == 1.0
    assert figures["ndcg@10"] == pytest.approx(0.75)
    assert figures["mrr@10"] == pytest.approx((1 + 1 / 3) / 2, abs=1e-6)
    assert figures["coverage@10"] == 0.5


def test_recall_of_related_talks_divides_by_six_at_most(tmp_path: Path) -> None:
    labels = [[0, *range(1, 9)], [1, 0, 2]]
    split = split_of(data_of([*labels, *([row] for row in range(2, 9))]), "related", tmp_path)
    lists = np.full((2, 100), -1)
    lists[0, :6] = [1, 2, 3, 4, 5, 6]
    lists[1, :2] = [0, 8]
    figures = judged(split, Lists(lists)).metrics
    assert figures["recall@6"] == pytest.approx((1 + 0.5) / 2)
