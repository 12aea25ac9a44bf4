"""Candidates for a block of users at once: the best videos by the ensemble score.

The experts score the whole block by matrix products, and eligibility masks are shared by users of
one kind. Only plain requests can be in a block: known users without query, preferences or seeds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.interest.base import Batch
from vireo.interest.ensemble import ColumnSubset
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.eligibility import EligibilityFilter

if TYPE_CHECKING:
    from torch import Tensor

MAX_SCORES = 32 * 2**20
"""Scores held at once: 128 MB."""
MAX_USERS = 512
"""Users of a block, however few the videos."""
MIN_ALIKE = 64
"""From this many users of one kind on, only the videos that they may see are scored."""
STRIP = 64
"""Columns whose maximum is looked at before their single scores."""


class BlockRetriever:
    """Retrieves candidates of many users; the scores are those of a single user, up to rounding."""

    def __init__(self, context: StepContext, gate: EligibilityFilter) -> None:
        self._section, self._gate = context.section, gate
        self._counts = context.catalogue.user_counts
        self._ensemble = context.ensemble.with_moments()
        n_videos = self._ensemble.n_videos
        self.size = max(1, min(MAX_USERS, MAX_SCORES // max(n_videos, 1)))
        """Users of a block."""
        self._memory = np.empty(self.size * n_videos, dtype=np.float32)
        self._last: tuple[Bools, ColumnSubset] | None = None

    @staticmethod
    def is_plain(query: Query) -> bool:
        """Whether a request can be in a block."""
        steered = query.text or query.preferences or query.seeds or query.page != 1
        return query.known and not steered

    def slates(
        self, queries: Sequence[Query], rows: Sequence[int]
    ) -> Iterator[tuple[int, Query, Slate]]:
        """Row, admitted query and scored candidates, for these rows of plain queries.

        Users without any ranking or without eligible videos are left out.
        """
        kinds: dict[Hashable, list[int]] = {}
        for row in rows:
            kinds.setdefault(self._gate.kind(queries[row])[0], []).append(row)
        many = [group for group in kinds.values() if len(group) >= MIN_ALIKE]
        few = [row for group in kinds.values() if len(group) < MIN_ALIKE for row in group]
        for group, uniform in (*((group, True) for group in many), (few, False)):
            for start in range(0, len(group), self.size):
                part = group[start : start + self.size]
                some = [queries[row] for row in part]
                subset = self._subset(self._gate.kind(some[0])[1] if uniform else None)
                for place, query, slate in self._block(some, subset):
                    yield part[place], query, slate

    @cached_property
    def _whole(self) -> ColumnSubset:
        return ColumnSubset(self._ensemble)

    def _subset(self, allowed: Bools | None) -> ColumnSubset:
        """The columns that all users of a kind may see; kept until another kind comes."""
        if allowed is None:
            return self._whole
        if self._last is None or self._last[0] is not allowed:
            self._last = (allowed, ColumnSubset(self._ensemble, np.flatnonzero(allowed)))
        return self._last[1]

    def _block(
        self, queries: Sequence[Query], subset: ColumnSubset
    ) -> Iterator[tuple[int, Query, Slate]]:
        nows = [query.now for query in queries]
        histories = [query.history for query in queries]
        batch = Batch(histories, max(nows), self._ensemble.n_videos, nows)
        scores = self._ensemble.score(batch)
        total = scores.total(subset, self._memory)
        admitted = [query.replace(eligible=self._gate.left(query)) for query in queries]
        for row, query in enumerate(admitted):
            assert query.eligible is not None
            total[row, ~query.eligible[subset.columns]] = -np.inf
        count = self._section.candidates
        best, values = best_columns(total, max(count, queries[0].k))
        unwatched = np.flatnonzero(self._counts[subset.columns] == 0)
        if len(unwatched):
            some, own = best_columns(total[:, unwatched], count)
            best, values = np.hstack([best, unwatched[some]]), np.hstack([values, own])
        videos = subset.columns[best]
        for row in np.flatnonzero(~scores.constant).tolist():
            slate = self._slate(videos[row], values[row])
            if len(slate):
                yield row, admitted[row], slate

    def _slate(self, videos: Ints, scores: Floats) -> Slate:
        """Distinct eligible candidates, best first; ties go to the more watched video."""
        rows = np.flatnonzero(np.isfinite(scores))
        _, first = np.unique(videos[rows], return_index=True)
        rows = rows[first]
        own = videos[rows]
        order = np.lexsort((own, -self._counts[own], -scores[rows]))
        return Slate(own[order], scores=scores[rows][order])


def best_columns(total: Floats, count: int) -> tuple[Ints, Floats]:
    """The highest scores of every row and their columns. (b, c) -> (b, count), (b, count)

    The best `count` lie in the `count` strips with the highest maxima, so few are compared twice.
    """
    import torch

    scores = torch.from_numpy(total)
    width = scores.shape[1]
    strips = width // STRIP
    if strips <= count:
        found = scores.topk(min(count, width), dim=1)
        return found.indices.numpy(), found.values.numpy()
    cut = torch.as_strided(scores, (len(scores), strips, STRIP), (scores.stride(0), STRIP, 1))
    chosen = cut.amax(dim=2).topk(count, dim=1, sorted=False).indices
    some = _gathered(cut, chosen)
    columns = (chosen[:, :, None] * STRIP + torch.arange(STRIP)).flatten(1)
    rest = torch.arange(strips * STRIP, width).expand(len(scores), -1)
    some = torch.hstack([some, scores[:, strips * STRIP :]])
    columns = torch.hstack([columns, rest])
    found = some.topk(count, dim=1)
    return columns.gather(1, found.indices).numpy(), found.values.numpy()


def _gathered(cut: Tensor, chosen: Tensor) -> Tensor:
    """(b, s, STRIP) strips, (b, count) chosen ones -> (b, count * STRIP)"""
    return cut.gather(1, chosen[:, :, None].expand(-1, -1, STRIP)).flatten(1)
