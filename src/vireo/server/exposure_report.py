"""What viewers were shown: how much of the catalogue, how evenly, and how new videos fare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vireo.arrays import Ints
from vireo.data.online_rows import event_rows
from vireo.evaluation.beyond_accuracy import ExposureCounts as Counts
from vireo.server.live_snapshot import LiveSnapshot
from vireo.serving.details import date_of
from vireo.serving.request import IMPRESSION
from vireo.store.base import LiveEvent

NEWEST = 30
"""Videos in the table of new ones."""
MOST_SHOWN = 20


@dataclass(frozen=True)
class VideoOutcome:
    """One video: how often it was shown, how many wanted it."""

    video_id: str
    title: str
    published: str
    """A date; empty where none is known."""
    impressions: int
    viewers: int | None
    """Who ever wanted it; None: too few to be spoken of."""


@dataclass(frozen=True)
class ExposureReport:
    """What was shown, over the whole catalogue."""

    impressions: int
    coverage: float
    """Share of the catalogue that was shown to anybody."""
    gini: float
    """0: all videos alike; 1: one video only."""
    to_new: float
    """Share of the impressions of videos that nobody has wanted yet."""
    newest: tuple[VideoOutcome, ...]
    """The latest videos, the newest first."""
    most: tuple[VideoOutcome, ...]
    """The most often shown."""


def exposure(
    nouns: LiveSnapshot, live: Sequence[tuple[int, LiveEvent]], min_people: int
) -> ExposureReport:
    """From the impressions in the tables and the live ones since; `live` is (position, event)."""
    shown = _shown(nouns, live)
    there = np.ones(len(shown), dtype=np.bool_)
    there[list(nouns.deleted)] = False
    some = shown[there]
    counts = Counts(len(some))
    counts.counts = some
    total = int(some.sum())
    never = nouns.catalogue.user_counts[there] == 0
    return ExposureReport(
        impressions=total,
        coverage=counts.coverage(),
        gini=counts.gini(),
        to_new=float(some[never].sum() / total) if total else 0.0,
        newest=_fared(nouns, shown, _newest(nouns), min_people),
        most=_fared(nouns, shown, _most(shown), min_people),
    )


def _shown(nouns: LiveSnapshot, live: Sequence[tuple[int, LiveEvent]]) -> Ints:
    """Impressions of every video. (n,)"""
    frames = [nouns.tables.events, event_rows(live)]
    ids = [f.filter(pl.col("event") == IMPRESSION)["video_id"] for f in frames]
    rows = np.array(nouns.catalogue.rows_of_all(pl.concat(ids)), dtype=np.int64)
    return np.bincount(rows[rows >= 0], minlength=len(nouns.catalogue)).astype(np.int64)


def _newest(nouns: LiveSnapshot) -> list[int]:
    """What came after the build, the last first; then by the date of publication."""
    known = len(nouns.base.catalogue)
    order = np.argsort(-nouns.catalogue.published[:known], kind="stable").tolist()
    since = range(len(nouns.catalogue) - 1, known - 1, -1)
    return [row for row in (*since, *order[:NEWEST]) if row not in nouns.deleted][:NEWEST]


def _most(shown: Ints) -> list[int]:
    order = np.argsort(-shown, kind="stable")[:MOST_SHOWN].tolist()
    return [row for row in order if shown[row] > 0]


def _fared(
    nouns: LiveSnapshot, shown: Ints, rows: Sequence[int], min_people: int
) -> tuple[VideoOutcome, ...]:
    catalogue = nouns.catalogue
    viewers = [int(catalogue.user_counts[row]) for row in rows]
    return tuple(
        VideoOutcome(
            catalogue.ids[row],
            catalogue.titles[row],
            date_of(catalogue.table["published_at"][row]) or "",
            int(shown[row]),
            None if 0 < count < min_people else count,
        )
        for row, count in zip(rows, viewers, strict=True)
    )
