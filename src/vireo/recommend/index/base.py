"""Protocol of the vector indexes: search with a filter, add, delete, measured recall."""

from __future__ import annotations

from typing import Protocol

from vireo.arrays import Bools, Floats, Ints


class Index(Protocol):
    """Maximum inner product search over vectors (n, d); immutable: changes return a new index."""

    @property
    def recall(self) -> float:
        """Measured recall@100; 1 for an exact index."""
        ...

    def search(self, towards: Floats, count: int, allowed: Bools | None = None) -> Ints:
        """The `count` rows of the highest inner products with `towards` (d,), best first.

        `allowed` (n,) leaves rows out before they are counted; ties go to the earlier row.
        """
        ...

    def add(self, vectors: Floats) -> Index:
        """An index with more rows (m, d) at the end; nothing is rebuilt."""
        ...

    def delete(self, rows: Ints) -> Index:
        """An index without these rows; the others keep their numbers."""
        ...
