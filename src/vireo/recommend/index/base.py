"""The seam of the indexes: search, add, delete, filter, and a recall that was measured."""

from __future__ import annotations

from typing import Protocol

from vireo.arrays import Bools, Floats, Ints


class Index(Protocol):
    """Vectors (n, d), asked by inner product. Values: adding and deleting give another index."""

    @property
    def recall(self) -> float:
        """Share of the true 100 best that it finds, as it was measured; 1 for an exact index."""
        ...

    def search(self, towards: Floats, count: int, allowed: Bools | None = None) -> Ints:
        """The `count` rows of the highest inner products with `towards` (d,), best first.

        `allowed` (n,) leaves rows out before they are counted; ties go to the earlier row.
        """
        ...

    def add(self, vectors: Floats) -> Index:
        """The same with more rows (m, d) at the end, found from now on; nothing is rebuilt."""
        ...

    def delete(self, rows: Ints) -> Index:
        """The same without these rows; the others keep their numbers."""
        ...
