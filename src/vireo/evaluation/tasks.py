"""Task: one list per user: known history, candidates and targets.

A protocol is one or more tasks over the same users. Leave-one-out has one; cold items ask for lists
of everything and for lists of the cold items alone; cold users are asked with 0, 1, 3 and 5 known
events, and with a sentence in place of any event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import Histories, History
from vireo.evaluation.targets import Targets

KNOWN_EVENTS = (0, 1, 3, 5)
"""Known events of a cold user. Targets come after the last of these."""


@dataclass(frozen=True)
class QueryTask:
    """Texts of users without history."""

    text: Floats
    """(n, d) text vectors of the videos, unit rows."""
    asked: Floats
    """(u, d) vectors of the users' sentences."""
    weight: float
    """Of the standardised nearness, against the standardised total of the fused experts."""

    def near(self, block: slice) -> Floats:
        """(b, n) standardised nearness, weighted."""
        cosine = self.asked[block] @ self.text.T
        spread = cosine.std(axis=1, keepdims=True)
        scaled = (cosine - cosine.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
        return np.asarray(self.weight * scaled, dtype=np.float32)


@dataclass(frozen=True)
class Task:
    """Everything has one entry per user, in the same order in all tasks of a protocol."""

    histories: tuple[History, ...]
    """Histories that the systems read."""
    targets: tuple[Ints, ...]
    """Rows of the catalogue; none for a user who is not counted here."""
    masked: tuple[Ints, ...]
    """Rows that may not be listed."""
    prefix: str = ""
    """Of the metrics' names."""
    parts: Mapping[str, tuple[Ints, ...]] = field(default_factory=dict)
    """Prefix -> some of the targets, counted in the same lists."""
    among: Bools | None = None
    """(n,) the only candidates."""
    tastes: QueryTask | None = None
    """Asked of the fused list alone, which is the one that reads sentences."""


def plain(targets: Targets) -> list[Task]:
    """Known histories, the seen masked, the whole catalogue."""
    seen = tuple(history.videos for history in targets.histories)
    return [Task(targets.histories, targets.videos, seen)]


def cold_items(targets: Targets, histories: Histories) -> list[Task]:
    """The same lists counted three times (mixed, warm, cold), and lists of cold items alone.

    Cold is whatever has no event to learn from. A constant added to all cold scores raises `cold`,
    lowers `warm` far below `within_warm`, and leaves `within_cold` as it was: that is why they
    stand together.
    """
    cold = np.bincount(histories.videos, minlength=histories.n_videos) == 0
    (task,) = plain(targets)
    of_cold = tuple(rows[cold[rows]] for rows in targets.videos)
    of_warm = tuple(rows[~cold[rows]] for rows in targets.videos)
    parts = {"mixed_": targets.videos, "warm_": of_warm, "cold_": of_cold}
    return [
        Task(task.histories, task.targets, task.masked, parts=parts),
        Task(task.histories, of_cold, task.masked, prefix="within_cold_", among=cold),
        Task(task.histories, of_warm, task.masked, prefix="within_warm_", among=~cold),
    ]


def cold_users(heard: Histories, targets: Targets, sentences: QueryTask | None) -> list[Task]:
    """Lists of cold users after 0, 1, 3, ... known events.

    `heard` are all held-out events as histories. The videos of the first KNOWN_EVENTS[-1] are
    masked in every task, so that only the known history differs.
    """
    whole = tuple(heard.of(user).positives for user in targets.user_ids)
    firsts = tuple(first_videos(history, KNOWN_EVENTS[-1]) for history in whole)
    masked = tuple(first.videos for first in firsts)
    tasks = [
        Task(tuple(_cut(f, n) for f in firsts), targets.videos, masked, prefix=f"known_{n}_")
        for n in KNOWN_EVENTS
    ]
    last = tasks.pop()
    told_all = Task(last.histories, targets.videos, masked, parts={last.prefix: targets.videos})
    taste = [Task(tasks[0].histories, targets.videos, masked, "taste_", tastes=sentences)]
    return [told_all, *tasks, *(taste if sentences is not None else [])]


def first_videos(history: History, count: int) -> History:
    """The first `count` distinct videos of a history, each at its first event."""
    _, first = np.unique(history.videos, return_index=True)
    keep = np.sort(first)[:count]
    return History(history.videos[keep], history.weights[keep], history.times[keep])


def _cut(history: History, count: int) -> History:
    return History(history.videos[:count], history.weights[:count], history.times[:count])


def after_the_first(heard: Histories, user_ids: Sequence[str]) -> dict[str, Ints]:
    """Distinct positives of each user after the first KNOWN_EVENTS[-1]; none for short ones."""
    later = {}
    for user in user_ids:
        liked = heard.of(user).positives
        known = first_videos(liked, KNOWN_EVENTS[-1]).videos
        later[user] = np.setdiff1d(liked.videos, known)
    return later
