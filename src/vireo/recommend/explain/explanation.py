"""Explanation: why one video stands where it does for one viewer, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vireo.arrays import Floats
from vireo.interest.base import Batch
from vireo.recommend.base import Query, fixed_width
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.explain.contributions import Shares, contributions
from vireo.recommend.explain.counterfactual import Counterfactual, MakeList, counterfactual
from vireo.recommend.retrieve.cold_start import popular_columns
from vireo.recommend.retrieve.preferences import preference_offsets

SHOWN = 8
"""Own videos that are shown, by the size of their share."""


@dataclass(frozen=True)
class Explanation:
    """The place of a video before the rules, its sources, and the viewer's own videos behind it."""

    user_id: str
    video_id: str
    title: str
    place: int
    """1 is the best of the whole catalogue, before rules; the seen are counted too."""
    of: int
    seen: bool
    sources: Mapping[str, float]
    own_videos: tuple[tuple[str, str, float], ...]
    """(video id, title, share) of the viewer's own videos; shares can be negative."""
    counterfactual: Counterfactual | None = None
    """Own videos without which it would not be on the list; None: not asked."""

    def as_json(self) -> dict[str, Any]:
        keys = ("video_id", "title", "share")
        own = [dict(zip(keys, entry, strict=True)) for entry in self.own_videos]
        found = self.counterfactual.as_json() if self.counterfactual else None
        return {
            **self.__dict__,
            "sources": dict(self.sources),
            "own_videos": own,
            "counterfactual": found,
        }

    def __str__(self) -> str:
        seen = ", seen already" if self.seen else ""
        lines = [f"“{self.title}” for {self.user_id}: place {self.place} of {self.of}{seen}"]
        lines += _bars("score by source", list(self.sources.items()))
        own = [(f"“{title}”", share) for _, title, share in self.own_videos]
        if not own:
            return "\n".join([*lines, "No video of this user's history contributes to the score."])
        lines += _bars("contributions of their videos", own)
        return "\n".join([*lines, *([f"  {self.counterfactual}"] if self.counterfactual else [])])


def _bars(title: str, entries: list[tuple[str, float]]) -> list[str]:
    widest = max((abs(value) for _, value in entries), default=0.0) or 1.0
    lines = [f"  {title}"]
    for name, value in sorted(entries, key=lambda entry: -entry[1]):
        bar = ("█" if value > 0 else "░") * max(1, round(20 * abs(value) / widest))
        lines.append(f"    {fixed_width(name, 36)} {value:+7.3f} {bar if value else ''}")
    return lines


def explanation(
    context: StepContext, query: Query, video: int, make: MakeList | None = None
) -> Explanation:
    """Why the video in this row stands where it does for the query's viewer.

    `make` makes lists: with it, the counterfactual is looked for.
    """
    catalogue = context.catalogue
    parts = _parts(context, query)
    total = np.sum([np.zeros(len(catalogue), dtype=np.float32), *parts.values()], axis=0)
    place = int((total > total[video]).sum()) + 1
    own = contributions(context.model, query.history, video)
    return Explanation(
        user_id=query.user_id or "",
        video_id=catalogue.ids[video],
        title=catalogue.titles[video],
        place=place,
        of=len(catalogue),
        seen=bool(np.isin(video, query.history.videos)),
        sources={n: round(float(v[video]), 4) for n, v in parts.items() if v[video]},
        own_videos=_own(catalogue, own.among(query.visible)),
        counterfactual=(
            counterfactual(make, catalogue, context.model, query, video) if make else None
        ),
    )


def _parts(context: StepContext, query: Query) -> dict[str, Floats]:
    """(n,) by source: the experts', or the cold-start ones, and stated preferences."""
    offsets = preference_offsets(context, query.preferences)
    preference = {} if offsets is None else {"preference": offsets}
    if not query.known:
        return {**popular_columns(context.catalogue), **preference}
    batch = Batch([query.history], query.now, len(context.catalogue))
    parts = context.ensemble.score(batch).parts()
    return {**{name: values[0] for name, values in parts.items()}, **preference}


def _own(catalogue: Catalogue, own: Shares) -> tuple[tuple[str, str, float], ...]:
    order = np.argsort(-np.abs(own.shares), kind="stable")[:SHOWN]
    rows = [(int(own.videos[i]), float(own.shares[i])) for i in order if own.shares[i]]
    return tuple((catalogue.ids[v], catalogue.titles[v], round(s, 4)) for v, s in rows)
