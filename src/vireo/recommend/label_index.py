"""Labels: inverted index from a label (group, region, language, tag) to videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from vireo.arrays import Bools, Ints


@dataclass(frozen=True)
class Labels:
    """Label -> rows of the videos that carry it."""

    rows_of: Mapping[str, Ints]
    bare: Bools
    """(n,) videos with null; an empty list is not null."""
    exact: bool = False
    """Whether case matters."""

    @classmethod
    def of(cls, column: pl.Series, *, exact: bool = False) -> Labels:
        """From a column (n,) of strings or lists of strings."""
        frame = pl.DataFrame({"row": np.arange(len(column)), "label": column})
        if isinstance(column.dtype, pl.List):
            frame = frame.explode("label")
        word = pl.col("label").cast(pl.String).str.strip_chars()
        words = frame.with_columns(word if exact else word.str.to_lowercase())
        grouped = words.drop_nulls("label").group_by("label", maintain_order=True).agg("row")
        pairs = zip(grouped["label"], grouped["row"], strict=True)
        rows = {label: np.unique(found.to_numpy()).astype(np.int64) for label, found in pairs}
        return cls(rows, column.is_null().to_numpy(), exact)

    def carrying(self, labels: Iterable[str]) -> Bools:
        """Videos that carry one of the labels. (n,)"""
        found = np.zeros(len(self.bare), dtype=np.bool_)
        for label in labels:
            word = label.strip()
            rows = self.rows_of.get(word if self.exact else word.lower())
            if rows is not None:
                found[rows] = True
        return found
