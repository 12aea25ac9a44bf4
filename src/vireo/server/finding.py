"""Lists without taste: titles that hold the words of a search, and what many watch now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from vireo.recommend.base import Pick
from vireo.recommend.recommender import Picks
from vireo.server.overlay import Overlay
from vireo.server.trends import MIN_VIEWERS


def titled(nouns: Overlay, text: str, near: Picks, k: int) -> Picks:
    """The list with the videos first whose titles hold every word; at most k."""
    words = text.casefold().split()
    if not words:
        return near
    catalogue = nouns.catalogue
    titles = catalogue.table["title"].str.to_lowercase()
    holds = pl.Series([True]).new_from_index(0, len(titles))
    for word in words:
        holds &= titles.str.contains(word, literal=True)
    rows = [row for row in holds.arg_true().to_list() if row not in nouns.gone]
    rows.sort(key=lambda row: (-int(catalogue.viewers[row]), row))
    found = {catalogue.ids[row]: catalogue.titles[row] for row in rows[:k]}
    first = [
        Pick(0, video_id, title, 1.0, f"“{text}” is in the title", {})
        for video_id, title in found.items()
    ]
    rest = [pick for pick in near if pick.video_id not in found]
    ranked = enumerate([*first, *rest][:k], start=1)
    return Picks((replace(pick, rank=rank) for rank, pick in ranked), near.notes)


def trending(nouns: Overlay, live: Sequence[tuple[str, int]], k: int) -> Picks:
    """(video id, viewers) of these hours first, then the videos that were popular of late."""
    catalogue, gone = nouns.catalogue, nouns.gone
    found = ((catalogue.find(video), count) for video, count in live)
    rows = {row: count for row, count in found if row is not None and row not in gone}
    lately = np.argsort(-catalogue.recent, kind="stable")[: k + len(rows) + len(gone)].tolist()
    rest = [
        row
        for row in lately
        if row not in rows and row not in gone and catalogue.recent[row] >= MIN_VIEWERS
    ]
    reasons = {row: f"{count} viewers in these hours" for row, count in rows.items()}
    reasons |= {row: f"Watched by {catalogue.recent[row]} viewers lately" for row in rest}
    every = enumerate(list(reasons.items())[:k], start=1)
    return Picks(
        Pick(
            rank, catalogue.ids[row], catalogue.titles[row], round(1 / (1 + 0.1 * rank), 4), why, {}
        )
        for rank, (row, why) in every
    )
