"""A sentence per video that names a real factor: what weighed most in its own score."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import polars as pl

from vireo.arrays import Bools, Ints
from vireo.recommend.base import Query, Reason, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.explain.contributions import Contributions
from vireo.recommend.quotes import at
from vireo.recommend.retrieve.preferences import preference_offsets

NON_PERSONAL = ("popularity", "recent-popularity", "popular", "recent", "fresh")
"""Sources without personal data."""
BY_RULE = {
    "pinned": "Chosen for everybody by the editors",
    "required": "Chosen for everybody by the editors",
    "next": "The next part of what you are watching",
    "exploration": "Something else, to find out whether you like it",
}
"""Reasons of videos that a rule placed."""


class _Behind:
    """History videos with the largest contribution to the shown videos, computed once for all."""

    def __init__(self, context: StepContext, query: Query, shown: Ints) -> None:
        self._model, self._query, self._shown = context.model, query, shown

    def strongest(self, video: int) -> int | None:
        return self._causes[video]

    @cached_property
    def _causes(self) -> dict[int, int | None]:
        own = Contributions(self._model, self._query.history)
        named = own.strongest(self._shown, self._query.visible)
        return dict(zip(self._shown.tolist(), named, strict=True))


class TemplateExplainer:
    """Reasons by template; nothing is said that the model did not use."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._catalogue = context.catalogue

    def __call__(self, query: Query, slate: Slate) -> Slate:
        shown = slate.take(np.arange(min(query.k, len(slate))))
        scores = shown.scores_by_source()
        behind = _Behind(self._context, query, shown.videos)
        vector = query.text_vector
        seen = None if vector is None else self._catalogue.by_picture(vector)
        reasons = tuple(
            self._reason(query, video, shown.marks.get(video), scores[at], behind, seen)
            for at, video in enumerate(shown.videos.tolist())
        )
        return replace(shown, reasons=reasons)

    def _reason(
        self,
        query: Query,
        video: int,
        mark: str | None,
        sources: dict[str, float],
        behind: _Behind,
        seen: Bools | None,
    ) -> Reason:
        if mark in BY_RULE:
            return Reason(mark, BY_RULE[mark])
        best = max(sources, key=lambda name: sources[name], default="")
        if best == "text-query" and sources[best] > 0:
            return self._by_words(query, video, seen is not None and bool(seen[video]))
        if best == "text-preference" and sources[best] > 0:
            return Reason("query", f"Liked by viewers with such a taste: “{query.text.strip()}”")
        if best == "preference" and sources[best] > 0:
            return self._by_preference(query, video)
        non_personal = sum(sources.get(name, 0.0) for name in NON_PERSONAL)
        if query.known and non_personal <= sum(sources.values()) - non_personal:
            cause = behind.strongest(video)
            if cause is not None:
                return self._by_own_video(query, video, cause)
        return self._by_crowd(video, best)

    def _by_words(self, query: Query, video: int, seen: bool) -> Reason:
        topic = self._catalogue.topics[video]
        about = f" (topic: {topic})" if topic else ""
        words = query.text.strip()
        if seen:
            return Reason("query", f"Looks or sounds like your words “{words}”")
        return Reason("query", f"Fits your words “{words}”{about}")

    def _by_preference(self, query: Query, video: int) -> Reason:
        """The stated preference with the largest contribution to this video."""
        topic = self._catalogue.topics[video]
        about = f" (topic: {topic})" if topic else ""
        positive = [one for one in query.preferences if one.strength > 0 and not one.blocks]
        said = [preference_offsets(self._context, (one,)) for one in positive]
        gains = [0.0 if gain is None else float(gain[video]) for gain in said]
        words = positive[int(np.argmax(gains))].text
        return Reason("preference", f"You asked for “{words}”{about}")

    def _by_own_video(self, query: Query, video: int, cause: int) -> Reason:
        title = self._catalogue.titles[cause]
        topic = self._shared_topic(video, cause)
        if cause in query.seeds:
            about = f": both about {topic}" if topic else ""
            return Reason("seed", f"Because you picked “{title}”{about}", (cause,))
        if self._catalogue.user_counts[video] == 0:
            about = f", also about {topic}" if topic else ""
            return Reason(
                "new", f"New here, and close to “{title}”, which you watched{about}", (cause,)
            )
        if topic:
            said = f"Because you watched “{title}”: both about {topic}{self._quoted(video)}"
            return Reason("topic", said, (cause,))
        creator = self._shared_creator(video, cause)
        if creator:
            said = f"Because you watched “{title}”, also by {creator}"
            return Reason("creator", said, (cause,))
        return Reason("watched", f"Because you watched “{title}”", (cause,))

    def _quoted(self, video: int) -> str:
        """A quote of the recommended video on its topic, with its time; empty if unknown."""
        lines, moments = self._quotes
        line = lines[video]
        return "" if line is None else f"; at {at(moments[video])}: “{line}”"

    @cached_property
    def _quotes(self) -> tuple[pl.Series, pl.Series]:
        return self._catalogue.terms["quote"], self._catalogue.terms["quote_at"]

    def _shared_creator(self, video: int, cause: int) -> str | None:
        creator_of = self._catalogue.creator_of
        if creator_of[video] < 0 or creator_of[video] != creator_of[cause]:
            return None
        return str(self._creators[video])

    @cached_property
    def _creators(self) -> pl.Series:
        return self._catalogue.table["creator"]

    def _shared_topic(self, video: int, cause: int) -> str | None:
        same = self._catalogue.topic_of[video] == self._catalogue.topic_of[cause]
        return self._catalogue.topics[video] if same else None

    def _by_crowd(self, video: int, best: str) -> Reason:
        recent, viewers = (
            int(self._catalogue.recent_counts[video]),
            int(self._catalogue.user_counts[video]),
        )
        if best in ("recent", "recent-popularity") and recent >= self._context.min_people:
            return Reason("recent", f"Watched by {recent} viewers in the latest days")
        if best == "fresh" or viewers == 0:
            return Reason("new", "New in the catalogue")
        if viewers >= self._context.min_people:
            return Reason("popular", f"Popular: {viewers} viewers")
        return Reason("popular", "For variety: few have found it yet")
