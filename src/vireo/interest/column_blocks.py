"""Sums of a matrix's rows for many viewers at once: the matrix is cut into strips of columns that
stay in the processor's cache while all viewers of a batch pass over them.

A history of 165 videos reads 165 rows. Read whole, the rows of a few thousand videos come from
memory every time; a strip of them is read from memory once per batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from vireo.arrays import Floats, Ints

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 128
"""Columns of a strip: with some thousand rows it takes a megabyte or two."""
READS = 4
"""Times that a batch reads a row, on average, from which on cutting is worth it."""
MAX_CATALOGUE_RATIO = 2
"""Videos of the catalogue per watched one up to which strips, which hold all, are affordable."""


@dataclass(frozen=True)
class ColumnBlocks:
    """A matrix (m, n) in single precision, cut into strips of columns."""

    parts: tuple[Tensor, ...]
    """Each (m, WIDTH), the last one perhaps narrower."""

    @classmethod
    def of(cls, matrix: Floats, columns: Ints, n: int, rows: Ints | None = None) -> ColumnBlocks:
        """Column k of the matrix stands at columns[k] (rising) of n; zeros between.

        With `rows`, row k stands at rows[k] of n, too; else the rows stay where they are.
        """
        import torch

        tall, places = (len(matrix), np.arange(len(matrix))) if rows is None else (n, rows)
        parts = []
        for start in range(0, n, WIDTH):
            part = np.zeros((tall, min(WIDTH, n - start)), dtype=np.float32)
            first, last = np.searchsorted(columns, (start, start + WIDTH))
            part[np.ix_(places, columns[first:last] - start)] = matrix[:, first:last]
            parts.append(torch.from_numpy(part))
        return cls(tuple(parts))

    def times(self, inputs: sparse.csr_matrix) -> Floats:
        """(b, m) sparse -> (b, n): inputs @ matrix, with the roundings of another order."""
        import torch
        from torch.nn import functional as F

        rows = torch.from_numpy(inputs.indices.astype(np.int64))
        bags = torch.from_numpy(inputs.indptr.astype(np.int64))
        how: dict[str, Any] = {"mode": "sum", "include_last_offset": True}
        how["per_sample_weights"] = torch.from_numpy(inputs.data)
        found = np.empty((inputs.shape[0], sum(part.shape[1] for part in self.parts)), np.float32)
        sums = torch.from_numpy(found)
        with torch.inference_mode():
            for at, part in enumerate(self.parts):
                columns = slice(at * WIDTH, at * WIDTH + part.shape[1])
                sums[:, columns] = F.embedding_bag(rows, part, bags, **how)
        return found


def worth_it(inputs: sparse.csr_matrix, watched: int, n: int) -> bool:
    """Whether the viewers read the rows so often that a cut copy of the matrix pays.

    Never where most of the `n` videos were not watched: the copy has columns for them too.
    """
    read_often = inputs.nnz >= READS * max(inputs.shape[1], 1)
    return bool(read_often and n <= MAX_CATALOGUE_RATIO * max(watched, 1))
