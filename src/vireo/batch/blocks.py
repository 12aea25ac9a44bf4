"""Crowd: the lists of many viewers at once, by the same gate and the same rules as one list.

What every list asks anew is asked once: the experts of a whole block (`chorus.py`), and the rules
whose answers are kept (`gate.py`), once for all viewers of a kind. Viewers who need
more (a wish, a sentence, a history without anything wanted, a rule that would have to give way) get
their list on the road of one. The candidates are the best of all by the added scores, up to
rounding; on the road of one, beyond `index.score_all_until` videos, what the indexes bring.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.interest.base import Batch
from vireo.recommend.base import Query, Slate
from vireo.recommend.batch_scores import Chorus, ColumnSubset
from vireo.recommend.recommender import Recommender

if TYPE_CHECKING:
    from torch import Tensor

SCORES = 32 * 2**20
"""Scores that are held at once: 128 MB of them."""
MOST = 512
"""Viewers of a block, however few the videos."""
ALIKE = 64
"""From so many viewers of a kind on, only what they may see is scored."""
STRIP = 64
"""Columns that are looked at as one before they are looked at one by one."""


class BatchRecommender:
    """Makes lists for blocks of viewers."""

    def __init__(self, recommender: Recommender) -> None:
        self.recommender = recommender
        self._shelves = recommender.shelves
        self._gate, self._n = recommender.gate, len(recommender.catalogue)
        self._chorus = Chorus(self._shelves.ensemble)
        self._last: tuple[Bools, ColumnSubset] | None = None
        self.block = max(1, min(MOST, SCORES // max(self._n, 1)))
        """How many viewers are served at once."""

    @property
    def supported(self) -> bool:
        """Whether lists can be made in blocks: the order must be that of the added scores."""
        section = self._shelves.section
        return not section.ranker.enabled and not section.reranker.enabled

    def slates(self, queries: Sequence[Query]) -> list[tuple[Slate, bool]]:
        """A list per query, at most `query.k` long, and whether it was made in the block."""
        made: list[Slate | None] = [None] * len(queries)
        kinds: dict[Hashable, list[int]] = {}
        for row, query in enumerate(queries):
            if self.supported and self._is_plain(query):
                kinds.setdefault(self._gate.kind(query)[0], []).append(row)
        many = [rows for rows in kinds.values() if len(rows) >= ALIKE]
        few = [row for rows in kinds.values() if len(rows) < ALIKE for row in rows]
        for group, alike in (*((rows, True) for rows in many), (few, False)):
            for start in range(0, len(group), self.block):
                rows = group[start : start + self.block]
                some = [queries[row] for row in rows]
                stage = self._stage(self._gate.kind(some[0])[1]) if alike else self._whole
                for row, slate in zip(rows, self._block(some, stage), strict=True):
                    made[row] = slate
        return [
            (self._single(query), False) if slate is None else (slate, True)
            for query, slate in zip(queries, made, strict=True)
        ]

    @cached_property
    def _whole(self) -> ColumnSubset:
        return ColumnSubset(self._shelves.ensemble, None)

    def _stage(self, allowed: Bools | None) -> ColumnSubset:
        """Only what all of a kind may see; kept until another kind is asked for."""
        if allowed is None:
            return self._whole
        if self._last is None or self._last[0] is not allowed:
            self._last = (allowed, ColumnSubset(self._shelves.ensemble, np.flatnonzero(allowed)))
        return self._last[1]

    def _single(self, query: Query) -> Slate:
        listed = self.recommender.listed(query)
        return listed.take(np.arange(min(query.k, len(listed))))

    def _is_plain(self, query: Query) -> bool:
        steered = query.text or query.preferences or query.seeds or query.page != 1
        return query.known and not steered

    def _block(self, queries: Sequence[Query], stage: ColumnSubset) -> list[Slate | None]:
        """None where the road of one is needed."""
        histories = [query.history for query in queries]
        nows = [query.now for query in queries]
        batch = Batch(histories, max(nows), self._n, nows)
        total, level, silent = self._chorus.totals(batch, stage, self._room)
        asked = [replace(query, eligible=self._gate.left(query)) for query in queries]
        for row, query in enumerate(asked):
            _bar(total, row, query.eligible, stage)
        best, scores = _best(total, max(self._shelves.section.candidates, asked[0].k))
        fresh = np.flatnonzero(self._viewers[stage.columns] == 0)
        if len(fresh):
            some = _best(total[:, fresh], self._shelves.section.candidates)
            best = np.hstack([best, fresh[some[0]]])
            scores = np.hstack([scores, some[1]])
        videos, scores = stage.columns[best], scores + level[:, None]
        return [
            None if silent[row] else self._ruled(query, videos[row], scores[row])
            for row, query in enumerate(asked)
        ]

    def _ruled(self, query: Query, videos: Ints, scores: Floats) -> Slate | None:
        """The candidates in the order of the rules; None where nothing is left."""
        rows = np.flatnonzero(np.isfinite(scores))
        _, first = np.unique(videos[rows], return_index=True)
        rows = rows[first]
        if not len(rows):
            return None
        order = rows[np.lexsort((videos[rows], -self._viewers[videos[rows]], -scores[rows]))]
        slate = Slate(videos[order], scores=scores[order])
        for rule in self.recommender.rules:
            slate = rule(query, slate)
        assert query.eligible is not None
        slate = slate.take(query.eligible[slate.videos])  # whatever a rule from outside did
        return slate.take(np.arange(min(query.k, len(slate))))

    @cached_property
    def _viewers(self) -> Ints:
        return self._shelves.catalogue.user_counts

    @cached_property
    def _room(self) -> Floats:
        return np.empty(self.block * self._n, dtype=np.float32)


def _bar(total: Tensor, row: int, allowed: Bools | None, stage: ColumnSubset) -> None:
    """What is not open cannot be among the best."""
    import torch

    assert allowed is not None
    barred = np.flatnonzero(~allowed[stage.columns])
    total[row, torch.from_numpy(barred)] = -torch.inf


def _best(total: Tensor, count: int) -> tuple[Ints, Floats]:
    """The highest of every row, and their scores. (b, c) -> (b, count), (b, count)

    The best `count` lie in the `count` strips whose own best are highest: few are looked at twice.
    """
    import torch

    width = total.shape[1]
    strips = width // STRIP
    if strips <= count:
        found = total.topk(min(count, width), dim=1)
        return found.indices.numpy(), found.values.numpy()
    cut = torch.as_strided(total, (len(total), strips, STRIP), (total.stride(0), STRIP, 1))
    chosen = cut.amax(dim=2).topk(count, dim=1, sorted=False).indices
    some = cut.gather(1, chosen[:, :, None].expand(-1, -1, STRIP)).flatten(1)
    columns = (chosen[:, :, None] * STRIP + torch.arange(STRIP)).flatten(1)
    rest = torch.arange(strips * STRIP, width).expand(len(total), -1)
    some, columns = torch.hstack([some, total[:, strips * STRIP :]]), torch.hstack([columns, rest])
    found = some.topk(count, dim=1)
    return columns.gather(1, found.indices).numpy(), found.values.numpy()
