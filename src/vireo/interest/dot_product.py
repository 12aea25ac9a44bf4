"""ByVectors: experts whose scores are inner products, which indexes can search."""

from __future__ import annotations

from typing import Protocol, cast

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.interest.base import Batch, Expert


class DotProductExpert(Protocol):
    """An expert whose scores are inner products: score(batch) = towards(batch) @ vectors.T.

    Such an expert can be asked of a few videos, or through an index, instead of all of them.
    """

    @property
    def vectors(self) -> Floats | None:
        """(n, d) a row per video of the catalogue; None: these scores are no inner products."""
        ...

    def user_vectors(self, batch: Batch) -> Floats:
        """(b, d) what each viewer's scores are the inner products with."""
        ...

    def shares(self, history: History) -> Floats | None:
        """(m, d) what each entry of a history adds to `towards`; None: that cannot be told.

        The contributions to any video's score are their inner products with its vector.
        """
        ...


def by_vectors(expert: Expert) -> DotProductExpert | None:
    """The expert as one whose scores are inner products, if it says so of itself."""
    able = all(hasattr(type(expert), name) for name in ("vectors", "user_vectors", "shares"))
    return cast(DotProductExpert, expert) if able else None
