"""Exposure: share of the catalogue shown, its concentration, and outcomes of new videos."""

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
MAX_SHOWN = 20


@dataclass(frozen=True)
class VideoOutcome:
    """One video: impressions and users with a positive."""

    video_id: str
    title: str
    published: str
    """A date; empty where none is known."""
    impressions: int
    viewers: int | None
    """Users with a positive; None: fewer than `min_group_size`."""


@dataclass(frozen=True)
class ExposureReport:
    """Impressions over the whole catalogue."""

    impressions: int
    coverage: float
    """Share of the catalogue that was shown to anybody."""
    gini: float
    """0: equal for all videos; 1: one video only."""
    to_new: float
    """Share of the impressions of cold items."""
    newest: tuple[VideoOutcome, ...]
    """The latest videos, the newest first."""
    most: tuple[VideoOutcome, ...]
    """The most often shown."""


def exposure(
    snapshot: LiveSnapshot, live: Sequence[tuple[int, LiveEvent]], min_people: int
) -> ExposureReport:
    """From the impressions in the tables and the live ones since; `live` is (position, event)."""
    shown = _shown(snapshot, live)
    there = np.ones(len(shown), dtype=np.bool_)
    there[list(snapshot.deleted)] = False
    some = shown[there]
    counts = Counts(len(some))
    counts.counts = some
    total = int(some.sum())
    never = snapshot.catalogue.user_counts[there] == 0
    return ExposureReport(
        impressions=total,
        coverage=counts.coverage(),
        gini=counts.gini(),
        to_new=float(some[never].sum() / total) if total else 0.0,
        newest=_fared(snapshot, shown, _newest(snapshot), min_people),
        most=_fared(snapshot, shown, _most(shown), min_people),
    )


def _shown(snapshot: LiveSnapshot, live: Sequence[tuple[int, LiveEvent]]) -> Ints:
    """Impressions of every video. (n,)"""
    frames = [snapshot.tables.events, event_rows(live)]
    ids = [f.filter(pl.col("event") == IMPRESSION)["video_id"] for f in frames]
    rows = np.array(snapshot.catalogue.rows_of_all(pl.concat(ids)), dtype=np.int64)
    return np.bincount(rows[rows >= 0], minlength=len(snapshot.catalogue)).astype(np.int64)


def _newest(snapshot: LiveSnapshot) -> list[int]:
    """Videos added after the build, the last first; then by date of publication."""
    known = len(snapshot.base.catalogue)
    order = np.argsort(-snapshot.catalogue.published[:known], kind="stable").tolist()
    since = range(len(snapshot.catalogue) - 1, known - 1, -1)
    return [row for row in (*since, *order[:NEWEST]) if row not in snapshot.deleted][:NEWEST]


def _most(shown: Ints) -> list[int]:
    order = np.argsort(-shown, kind="stable")[:MAX_SHOWN].tolist()
    return [row for row in order if shown[row] > 0]


def _fared(
    snapshot: LiveSnapshot, shown: Ints, rows: Sequence[int], min_people: int
) -> tuple[VideoOutcome, ...]:
    catalogue = snapshot.catalogue
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
