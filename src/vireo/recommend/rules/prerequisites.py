"""Prerequisites: a video is excluded until the user has watched those it needs."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from vireo.arrays import Bools, Ints
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.eligibility import EligibilityRule
from vireo.recommend.rules.seen import unfinished


class Prerequisites(EligibilityRule):
    """The column `needs` lists video ids; ids outside the catalogue ask for nothing."""

    name: ClassVar[str] = "prerequisites"

    def applies(self) -> bool:
        return len(self._asking[0]) > 0

    def mask(self, query: Query) -> Bools | None:
        rows, counts, asking = self._asking
        if not len(rows):
            return None
        begun = unfinished(query.history, self.section.continue_below)
        done = np.setdiff1d(query.history.positives.videos, begun)
        fulfilled = np.zeros(len(counts), dtype=np.int64)
        starts, ends = asking.indptr[done], asking.indptr[done + 1]
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            fulfilled[asking.indices[start:end]] += 1
        allowed = np.ones(len(self.catalogue), dtype=np.bool_)
        allowed[rows] = fulfilled == counts
        return allowed

    @cached_property
    def _asking(self) -> tuple[Ints, Ints, sparse.csc_matrix]:
        """The rows that need something, how many videos each needs, and their part of `needs_of`
        by what is needed."""
        needs = needs_of(self.catalogue)
        counts = np.diff(needs.indptr).astype(np.int64)
        rows = np.flatnonzero(counts).astype(np.int64)
        return rows, counts[rows], sparse.csc_matrix(needs[rows])


def needs_of(catalogue: Catalogue) -> sparse.csr_matrix:
    """(n, n) 1 if the row's video needs the column's; needs within a cycle are dropped."""
    pairs = [
        (row, need)
        for row, ids in enumerate(catalogue.terms["needs"].to_list())
        for need in catalogue.rows_of(ids or ()).tolist()
        if need != row
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = (len(catalogue), len(catalogue))
    ones = np.ones(len(rows), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (rows, columns)), shape=shape)
    _, circle_of = csgraph.connected_components(matrix, connection="strong")
    kept = circle_of[rows] != circle_of[columns]
    return sparse.csr_matrix((ones[kept], (rows[kept], columns[kept])), shape=shape)
