"""Recommender: retrieve, rank, rules, explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.interest.base import InterestModel
from vireo.language.generate.base import Generator
from vireo.recommend.base import (
    EMPTY_SLATE,
    Pick,
    Query,
    RecommendSection,
    Slate,
    Step,
    fixed_width,
)
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.eligibility import MANDATORY_RULES, EligibilityFilter, EligibilityRule
from vireo.recommend.registry import EXPLAINERS, RANKERS, RETRIEVERS, RULES
from vireo.recommend.retrieve.block import BlockRetriever
from vireo.recommend.retrieve.preferences import preference_offsets

RETRIEVE: Mapping[str, Callable[[Query], bool]] = {
    "same-creator": lambda query: query.known,
    "ensemble": lambda query: query.known,
    "cold-start": lambda query: not query.known,
    "text-query": lambda query: query.text_vector is not None,
    "preferences": lambda query: query.preference_offsets is not None,
}
"""Retrievers in their order, and the queries that each is for.

Each adds a column of scores for the candidates that are there by then.
"""
HALFWAY = 4.0
"""Total shown as 0.75: four deviations above the mean."""


class Picks(Sequence[Pick]):
    """A finished list, best first, with notes. `print` shows a table."""

    def __init__(self, picks: Iterable[Pick], notes: Iterable[str] = ()) -> None:
        self._picks = tuple(picks)
        self.notes = tuple(notes)

    @overload
    def __getitem__(self, index: int) -> Pick: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Pick]: ...

    def __getitem__(self, index: int | slice) -> Pick | Sequence[Pick]:
        return self._picks[index]

    def __len__(self) -> int:
        return len(self._picks)

    def __str__(self) -> str:
        lines = [
            f"{p.rank:2}. {fixed_width(p.title, 40)} {p.score:.2f}  {p.reason}" for p in self._picks
        ]
        return "\n".join([*lines, *self.notes]) or "(an empty list)"

    def as_json(self) -> list[dict[str, Any]]:
        return [pick.as_json() for pick in self._picks]


class Recommender:
    """Makes lists from a catalogue and fitted models; stateless per user."""

    def __init__(
        self,
        catalogue: Catalogue,
        model: InterestModel,
        section: RecommendSection,
        generator: Generator | None = None,
        min_people: int = 5,
        before: Recommender | None = None,
    ) -> None:
        """`before`: recommender of the same model with older user counts, for its caches."""
        context = StepContext(catalogue, model, section, generator, min_people)
        if before is not None:
            context.keep(before.context)
        self.catalogue = catalogue
        self.context: StepContext = context
        retrievers = {name: RETRIEVERS.get(name)(context) for name in RETRIEVE}
        self._retrieve = [
            (RETRIEVE[name], step)
            for name, step in retrievers.items()
            if getattr(step, "enabled", True)
        ]
        chosen = {"lambdamart": section.ranker.enabled, "llm": section.reranker.enabled}
        self._learned = any(chosen.values())
        rankers = ["sum", *(name for name, enabled in chosen.items() if enabled)]
        self._rank = [RANKERS.get(name)(context) for name in rankers]
        names = dict.fromkeys([*MANDATORY_RULES, *section.rules])
        parts = {name: RULES.get(name) for name in names}
        barring = [
            p for p in parts.values() if isinstance(p, type) and issubclass(p, EligibilityRule)
        ]
        reranking = [p(context) for p in parts.values() if p not in barring]
        self.rules: list[Step] = [rule for rule in reranking if getattr(rule, "enabled", True)]
        # Masks do not depend on user counts: the cache stays valid.
        self.eligibility: EligibilityFilter = (
            before.eligibility
            if before
            else EligibilityFilter(context, [p(context) for p in barring])
        )
        self._explain = [EXPLAINERS.get("templates")(context)]

    def slate(self, query: Query) -> Slate:
        """The list as a slate of at most `query.k` candidates: the query's page of it."""
        slate, asked = self._listed(query)
        return _walk(self._explain, asked, slate)

    def slates(self, queries: Sequence[Query]) -> list[tuple[Slate, bool]]:
        """Lists without reasons for many users, and whether each was made in a block.

        Plain requests are scored in blocks, by the same ensemble, ranker and rules as one list;
        with a learned ranker or reranker, every list is made by itself.
        """
        made: dict[int, Slate] = {}
        if not self._learned:
            plain = [row for row, query in enumerate(queries) if self._blocks.is_plain(query)]
            for row, asked, slate in self._blocks.slates(queries, plain):
                made[row] = self._by_rules(asked, slate)
        return [
            (_first(made[row] if row in made else self.listed(query), query.k), row in made)
            for row, query in enumerate(queries)
        ]

    @property
    def block_size(self) -> int:
        """Users that `slates` scores at once."""
        return self._blocks.size

    @cached_property
    def _blocks(self) -> BlockRetriever:
        return BlockRetriever(self.context, self.eligibility)

    def listed(self, query: Query) -> Slate:
        """All candidates in the order of the rules, without reasons."""
        return self._listed(query)[0]

    def named(self, query: Query) -> Query:
        """The query with `visible` set."""
        return self.eligibility.named(query)

    def protected(self, query: Query) -> Bools:
        """(n,) videos that the mandatory rules allow."""
        return self.eligibility.protected(query)

    def rows(self, query: Query) -> Ints:
        """Only the rows of the list, best first, without reasons. (k,)"""
        return self._listed(query)[0].videos[: query.k]

    def _listed(self, query: Query) -> tuple[Slate, Query]:
        """All candidates in the order of the rules, and the query as it was admitted."""
        if query.preferences:
            offsets = preference_offsets(self.context, query.preferences)
            query = query.replace(preference_offsets=offsets)
        asked, notes = self.eligibility.apply(query)
        assert asked.eligible is not None
        left = int(np.count_nonzero(asked.eligible))
        beyond = query.page > 1 and (query.page - 1) * query.k >= left
        if beyond:  # earlier pages hold all eligible videos
            asked = asked.without(np.flatnonzero(asked.eligible))
        for page in range(1, 1 if beyond else query.page):
            before = self._ruled(asked.replace(page=page)).videos[: query.k]
            asked = asked.without(before)
        slate = self._ruled(asked)
        return slate.replace(notes=(*notes, *slate.notes)), asked

    def _ruled(self, asked: Query) -> Slate:
        """All candidates for an admitted query, in the order of the rules."""
        retrievers = [step for serves, step in self._retrieve if serves(asked)]
        slate = _walk(retrievers, asked, EMPTY_SLATE)
        slate = _walk(self._rank, asked, slate)
        return self._by_rules(asked, slate)

    def _by_rules(self, asked: Query, slate: Slate) -> Slate:
        slate = _walk(self.rules, asked, slate)
        # A rule from a plug-in may add videos: what is not eligible never leaves.
        return slate if asked.eligible is None else slate.take(asked.eligible[slate.videos])

    def recommend(self, query: Query) -> Picks:
        """The list with titles, scores in [0, 1] that fall with the rank, and reasons."""
        return picks_of(self.slate(query), self.catalogue)


def _first(slate: Slate, count: int) -> Slate:
    return slate.take(np.arange(min(count, len(slate))))


def _walk(steps: Sequence[Step], query: Query, slate: Slate) -> Slate:
    for step in steps:
        slate = step(query, slate)
    return slate


def picks_of(slate: Slate, catalogue: Catalogue) -> Picks:
    """Slate -> Picks."""
    shown = shown_scores(slate.scores)
    sources = slate.scores_by_source()
    return Picks(
        (
            Pick(
                rank=place + 1,
                video_id=catalogue.ids[video],
                title=catalogue.titles[video],
                score=shown[place],
                reason=slate.reasons[place].text,
                sources={name: round(score, 4) for name, score in sources[place].items()},
            )
            for place, video in enumerate(slate.videos)
        ),
        slate.notes,
    )


def shown_scores(scores: np.ndarray) -> list[float]:
    """Totals -> [0, 1], strictly decreasing with the rank.

    Scores belong to positions: they are sorted, since rules may reorder videos.
    """
    squashed = sorted((0.5 + 0.5 * scores / (np.abs(scores) + HALFWAY)).tolist(), reverse=True)
    shown: list[float] = []
    for value in squashed:
        ceiling = shown[-1] - 0.0001 if shown else 1.0
        shown.append(round(max(0.0, min(value, ceiling)), 4))
    return shown
