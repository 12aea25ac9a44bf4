"""Lists without personalization: search, trending, newest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from vireo.arrays import Bools
from vireo.recommend.base import Pick
from vireo.recommend.recommender import Picks
from vireo.recommend.top_k import top
from vireo.server.live_snapshot import LiveSnapshot
from vireo.serving.details import date_of


def search(snapshot: LiveSnapshot, text: str, k: int, allowed: Bools) -> Picks:
    """Titles that hold every word first, the most watched before others; then the meaning."""
    catalogue = snapshot.catalogue
    titled = [row for row in _titled(snapshot, text) if allowed[row]][:k]
    near = np.where(allowed, catalogue.near(snapshot.embed_query(text)), 0.0).astype(np.float32)
    meant = [r for r in top(near, k + len(titled)).tolist() if near[r] > 0 and r not in titled]
    reasons = dict.fromkeys(titled, f"“{text}” is in the title")
    reasons |= {row: _fits(catalogue.topics[row], text) for row in meant}
    return _picks(snapshot, list(reasons.items())[:k])


def _titled(snapshot: LiveSnapshot, text: str) -> list[int]:
    titles = snapshot.catalogue.table["title"].str.to_lowercase()
    holds = pl.Series([True]).new_from_index(0, len(titles))
    for word in text.lower().split():
        holds &= titles.str.contains(word, literal=True)
    return sorted(
        holds.arg_true().to_list(), key=lambda row: (-int(snapshot.catalogue.user_counts[row]), row)
    )


def _fits(topic: str | None, text: str) -> str:
    return f"Fits your words “{text}”" + (f" (topic: {topic})" if topic else "")


def _picks(snapshot: LiveSnapshot, reasons: Sequence[tuple[int, str]]) -> Picks:
    """Rows with their reasons, in this order; the shown score says no more than the place."""
    catalogue = snapshot.catalogue
    return Picks(
        Pick(rank, catalogue.ids[row], catalogue.titles[row], _shown(rank), why, {})
        for rank, (row, why) in enumerate(reasons, start=1)
    )


def _shown(rank: int) -> float:
    return round(1 / (1 + 0.1 * rank), 4)


def trending(
    snapshot: LiveSnapshot, live: Sequence[tuple[str, int]], k: int, allowed: Bools, min_people: int
) -> Picks:
    """(video id, users) of the window first, then the videos with most recent users."""
    catalogue = snapshot.catalogue
    found = ((catalogue.find(video), count) for video, count in live)
    rows = {row: count for row, count in found if row is not None and allowed[row]}
    recent = np.where(allowed, catalogue.recent_counts, 0)
    latest = np.argsort(-recent, kind="stable")[: k + len(rows)].tolist()
    rest = [row for row in latest if row not in rows and recent[row] >= min_people]
    reasons = {row: f"{count} viewers in these hours" for row, count in rows.items()}
    reasons |= {row: f"Watched by {catalogue.recent_counts[row]} viewers recently" for row in rest}
    return _picks(snapshot, list(reasons.items())[:k])


def newest(snapshot: LiveSnapshot, seen: frozenset[int], k: int, allowed: Bools) -> Picks:
    """The latest videos first, without seen ones; videos without a date are left out."""
    published = np.where(allowed, snapshot.catalogue.published, -1)
    order = np.argsort(-published, kind="stable")[: k + len(seen)].tolist()
    rows = [row for row in order if row not in seen and published[row] >= 0][:k]
    return _picks(snapshot, [(row, f"Published on {date_of(int(published[row]))}") for row in rows])
