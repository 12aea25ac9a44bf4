"""Slices: metrics by history length and by popularity of the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import History

LENGTHS = (0, 1, 5, 20, 50, 200)
"""Where the classes of history lengths begin."""
METRICS = ("hit_rate", "ndcg")
"""Metrics by slice, at the first k."""
NEW = "new (0)"


@dataclass(frozen=True)
class PopularityClasses:
    """Classes of videos: new ones; then thirds of all viewings, from the rare to the hits."""

    labels: tuple[str, ...]
    class_of: Ints
    """(n,) row in `labels`."""

    @classmethod
    def of(cls, watchers: Ints) -> PopularityClasses:
        """Each class but the new one holds a third of all viewings: few hits, many rare videos."""
        rising = np.argsort(watchers, kind="stable")
        share = np.cumsum(watchers[rising]) / max(int(watchers.sum()), 1)
        class_of = np.zeros(len(watchers), dtype=np.int64)
        class_of[rising] = 1 + np.minimum((share * 3 - 1e-9).astype(np.int64), 2)
        # equal numbers of viewers belong to one class: the lowest that any of them fell into
        for part in (3, 2):
            edge = watchers[class_of == part]
            below = class_of == part - 1
            if len(edge) and below.any() and watchers[below].max() == edge.min():
                class_of[(class_of == part) & (watchers == edge.min())] = part - 1
        class_of[watchers == 0] = 0
        return cls(_named(watchers, class_of), class_of)

    def split(self, targets: Sequence[Ints]) -> list[tuple[str, list[Ints]]]:
        """Per class, the targets that belong to it."""
        return [
            (label, [rows[self.class_of[rows] == at] for rows in targets])
            for at, label in enumerate(self.labels)
        ]


def _named(watchers: Ints, class_of: Ints) -> tuple[str, ...]:
    labels = [NEW]
    for at, word in ((1, "rare"), (2, "middle"), (3, "hits")):
        own = watchers[class_of == at]
        labels.append(f"{word} ({_span(own)})" if len(own) else f"{word} (none)")
    return tuple(labels)


def _span(own: Ints) -> str:
    low, high = int(own.min()), int(own.max())
    return str(low) if low == high else f"{low} to {high}"


def length_classes(histories: Sequence[History]) -> tuple[tuple[str, ...], Ints]:
    """Labels, and each user's class by the number of known events. -> (u,)"""
    lengths = np.array([len(history) for history in histories], dtype=np.int64)
    classes = np.searchsorted(LENGTHS, lengths, side="right") - 1
    ends = [*(str(low - 1) for low in LENGTHS[1:]), ""]
    labels = [
        f"{low} to {end}" if end and int(end) > low else (str(low) if end else f"from {low}")
        for low, end in zip(LENGTHS, ends, strict=True)
    ]
    labels[0] = NEW
    return tuple(labels), classes
