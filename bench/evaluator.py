"""Lists that a system handed in -> checked, then measured by one evaluator for all systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.base import LIST_LENGTH, Split
from vireo.arrays import Bools, Doubles, Ints
from vireo.errors import VireoError
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.evaluation.metrics import per_user

SEED = 0
K = 10
K_RELATED = 6
NAMES: Mapping[str, tuple[str, ...]] = {
    "cold-items": (
        f"warm_ndcg@{K}",
        f"cold_ndcg@{K}",
        f"mixed_ndcg@{K}",
        f"within_cold_ndcg@{K}",
        f"cold_share@{K}",
    ),
    "related": (f"recall@{K_RELATED}", f"ndcg@{K_RELATED}"),
}
"""The figures of the protocols that differ from USUAL."""
USUAL = (f"hit_rate@{K}", f"recall@{K}", f"ndcg@{K}", f"mrr@{K}", f"coverage@{K}")


def figures_of(protocol: str) -> tuple[str, ...]:
    """The figures that every row of this protocol holds."""
    return NAMES.get(protocol, USUAL)


class BadLists(VireoError):
    """What a system handed in is not a full ranking of unseen candidates for the users asked."""


@dataclass(frozen=True)
class Lists:
    """Ranked items for the test users of a split, in the order of their codes; -1 fills up."""

    all: Ints
    """(u, LIST_LENGTH) among all candidates."""
    cold: Ints | None = None
    """(u, LIST_LENGTH) among the cold items, where the protocol has them."""

    @classmethod
    def load(cls, path: Path, split: Split) -> Lists:
        """Read and check what a system wrote; raises BadLists for whatever is not allowed."""
        arrays = _arrays(path)
        users = _users(arrays, split)
        order = np.argsort(users)
        lists = {}
        for group in split.about["groups"]:
            if group not in arrays:
                raise BadLists(f"The group '{group}' is missing in {path.name}.")
            lists[group] = _checked(arrays[group], users, split, group)[order]
        return cls(lists["all"], lists.get("cold"))


def _arrays(path: Path) -> dict[str, Ints]:
    if not path.is_file():
        raise BadLists("No lists were written.", "The adapter must write the file named by --out.")
    try:
        with np.load(path, allow_pickle=False) as file:
            loaded = {name: np.asarray(file[name]) for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise BadLists(f"{path.name} cannot be read: {error}.") from None
    for name, array in loaded.items():
        if array.dtype.kind not in "iu":
            raise BadLists(f"'{name}' holds {array.dtype}, not integers.")
    return {name: array.astype(np.int64) for name, array in loaded.items()}


def _users(arrays: Mapping[str, Ints], split: Split) -> Ints:
    users = arrays.get("users", np.zeros(0, dtype=np.int64))
    if users.shape != split.test_users.shape or (np.sort(users) != split.test_users).any():
        raise BadLists(
            f"Lists were asked for {len(split.test_users)} users, each once; "
            f"{len(users)} came, {len(np.setdiff1d(users, split.test_users))} of them not asked."
        )
    return users


def _checked(lists: Ints, users: Ints, split: Split, group: str) -> Ints:
    """The same lists; raises BadLists that names the first offence."""
    allowed = _allowed(split, group)
    # ranking a few sampled candidates cannot fill the length that a full ranking must have
    if lists.shape != (len(users), LIST_LENGTH):
        raise BadLists(
            f"'{group}' has the shape {lists.shape}, not {(len(users), LIST_LENGTH)}: every list "
            "must rank the whole catalogue."
        )
    if lists.min(initial=0) < -1 or lists.max(initial=-1) >= split.n_items:
        raise BadLists(f"'{group}' holds codes that are no items (0 to {split.n_items - 1}).")
    if ((lists[:, :-1] == -1) & (lists[:, 1:] >= 0)).any():
        raise BadLists(f"'{group}' has gaps: -1 may only fill up the end of a list.")
    met = split.items_of("train")
    nothing = np.zeros(0, dtype=np.int64)
    for user, row in zip(users.tolist(), lists, strict=True):
        items = row[row >= 0]
        if len(np.unique(items)) != len(items):
            raise BadLists(f"'{group}' repeats an item in the list of user {user}.")
        if not split.about.get("repeats") and np.isin(items, met.get(user, nothing)).any():
            raise BadLists(f"'{group}' lists what user {user} has met: the seen must be masked.")
        if not allowed[items].all():
            raise BadLists(f"'{group}' lists a warm item for user {user}.")
    return lists


def _allowed(split: Split, group: str) -> Bools:
    """Which items may stand in the lists of a group. (items,)"""
    allowed = np.ones(split.n_items, dtype=np.bool_)
    if group == "cold":
        allowed[:] = False
        allowed[split.about["cold_items"]] = True
    return allowed


@dataclass(frozen=True)
class Judgement:
    """Figures of one system on one split, with 95% intervals over users where they are means."""

    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]


def judged(split: Split, lists: Lists) -> Judgement:
    """Measure checked lists by the split's protocol."""
    figures = _estimated(columns(split, lists))
    if split.about["protocol"] in NAMES:
        return figures
    shown = np.unique(lists.all[:, :K])
    share = float((shown >= 0).sum() / split.n_items)
    return Judgement({**figures.metrics, f"coverage@{K}": round(share, 6)}, figures.intervals)


def columns(split: Split, lists: Lists) -> dict[str, Doubles]:
    """Every figure that is a mean over users, user by user; NaN for one without such a target."""
    protocol = split.about["protocol"]
    if protocol == "cold-items":
        return _cold_columns(split, lists)
    targets = _targets(split, None)
    if protocol == "related":
        return _related_columns(lists, targets)
    found = per_user(lists.all, targets, K)
    return {f"{name}@{K}": found[name] for name in ("hit_rate", "recall", "ndcg", "mrr")}


def _related_columns(lists: Lists, targets: list[Ints]) -> dict[str, Doubles]:
    """Recall whose divisor is what a list of six can hold: min(6, labels)."""
    found = per_user(lists.all, targets, K_RELATED)
    labels = np.array([len(wanted) for wanted in targets])
    reachable = np.minimum(labels, K_RELATED)
    recall = found["precision"] * K_RELATED / np.maximum(reachable, 1)
    return {f"recall@{K_RELATED}": recall, f"ndcg@{K_RELATED}": found["ndcg"]}


def _cold_columns(split: Split, lists: Lists) -> dict[str, Doubles]:
    """Warm, cold and mixed on the same lists, so that what one gains the other loses; and the
    share of the places that cold items hold, which shows whether they were merely pushed."""
    cold = split.about["cold_items"]
    warm = np.setdiff1d(np.arange(split.n_items), cold).tolist()
    of_cold, of_warm = _targets(split, cold), _targets(split, warm)
    within = lists.all if lists.cold is None else lists.cold
    top = lists.all[:, :K]
    return {
        f"warm_ndcg@{K}": per_user(lists.all, of_warm, K)["ndcg"],
        f"cold_ndcg@{K}": per_user(lists.all, of_cold, K)["ndcg"],
        f"mixed_ndcg@{K}": per_user(lists.all, _targets(split, None), K)["ndcg"],
        f"within_cold_ndcg@{K}": per_user(within, of_cold, K)["ndcg"],
        f"cold_share@{K}": np.isin(top, cold).sum(axis=1) / np.maximum((top >= 0).sum(axis=1), 1),
    }


def _targets(split: Split, among: list[int] | None) -> list[Ints]:
    hidden = split.items_of("test", among)
    nothing = np.zeros(0, dtype=np.int64)
    return [hidden.get(user, nothing) for user in split.test_users.tolist()]


def _estimated(columns: Mapping[str, Doubles]) -> Judgement:
    """Means and intervals over the users who have such a target (the others are NaN)."""
    metrics, intervals = {}, {}
    for name, values in columns.items():
        known = values[~np.isnan(values)]
        metrics[name] = round(float(known.mean()), 6) if len(known) else 0.0
        low, high = (
            interval(resampled_means(known[:, None], SEED)[:, 0]) if len(known) else (0.0, 0.0)
        )
        intervals[name] = (round(low, 6), round(high, 6))
    return Judgement(metrics, intervals)
