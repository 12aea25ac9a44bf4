"""RequestOptions: parameters of a list request, and counts of impressions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.behavior.base import NO_TIME, History
from vireo.errors import InputError
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.store.base import UserAttributes

IMPRESSION = "impression"
Impression = tuple[str, int | None]
"""(id of a video, when it was shown in ms)"""


@dataclass(frozen=True)
class RequestOptions:
    """The finer points of a question for a list."""

    page: int = 1
    """The second page holds what the first did not."""
    session: str = ""
    """Seeds what is left to chance."""
    seeds: tuple[str, ...] = ()
    """Ids of videos that stand for the taste, as if they had been watched."""
    attributes: UserAttributes | None = None
    """User state of the request, in place of the stored one."""
    at: int | None = None
    """The moment of asking (ms since 1970 UTC); None: now."""
    current_video: str = ""
    """Id of the video that is on the screen: for this list, the last one that was watched."""

    def __post_init__(self) -> None:
        if self.page < 1:
            raise InputError(f"There is no page {self.page}.", "The first page is 1.")


DEFAULT_OPTIONS = RequestOptions()


def now_ms() -> int:
    """The wall clock: windows and schedules are about the present. Milliseconds since 1970."""
    return int(time.time() * 1000)


def with_seed_videos(history: History, picked: list[int], now: int) -> History:
    """The history, and then the picked videos as if they had just been watched."""
    new = np.array(list(dict.fromkeys(picked)), dtype=np.int64)
    return History(
        np.concatenate([history.videos, new]),
        np.concatenate([history.weights, np.ones(len(new), dtype=np.float32)]),
        np.concatenate([history.times, np.full(len(new), now, dtype=np.int64)]),
    )


def impressions_since_watch(
    shown: Sequence[Impression], history: History, catalogue: Catalogue
) -> dict[int, int]:
    """Impressions of each video row since the user last saw it."""
    seen = dict(zip(history.videos.tolist(), history.times.tolist(), strict=True))
    rows = catalogue.rows_of_all([video for video, _ in shown])
    counts: Counter[int] = Counter()
    for row, (_, moment) in zip(rows, shown, strict=True):
        if row >= 0 and (moment is None or moment > seen.get(row, NO_TIME)):
            counts[row] += 1
    return dict(counts)


def visible_history(query: Query) -> History:
    """The part of the viewer's history that may be named to them."""
    history = query.history
    if query.visible is None:
        return history
    keep = query.visible[history.videos]
    return History(history.videos[keep], history.weights[keep], history.times[keep])
