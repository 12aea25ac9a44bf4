"""Histories -> what a language model can read of them: titles in a row, and pairs of videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from vireo.behavior.base import Histories
from vireo.language.texts import clean
from vireo.pretraining.base import Document

_LAST = 20
"""Videos of a viewer that one text names: the latest."""
_LEAST = 2
"""How often two videos were watched one after the other to count as a pair."""
_MAX_PAIRS = 200_000


def watched(
    histories: Histories, video_ids: Sequence[str], titles: Sequence[str], known: frozenset[str]
) -> Iterator[Document]:
    """One text per viewer: the titles of the latest videos that they liked, oldest first.

    Only videos in `known` are named, and nothing tells who the viewer is.
    """
    for user in range(len(histories)):
        liked = histories.row(user).positives.videos.tolist()
        rows = [row for row in dict.fromkeys(liked) if video_ids[row] in known and titles[row]]
        if len(rows) > 1:
            text = "; ".join(clean(titles[row]) for row in rows[-_LAST:])
            yield Document(video_ids[rows[-1]], "watched", text)


def together(histories: Histories, video_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of videos that viewers liked one after the other, twice or more; the commonest."""
    counts: Counter[tuple[int, int]] = Counter()
    for user in range(len(histories)):
        liked = histories.row(user).positives.videos.tolist()
        counts.update((min(a, b), max(a, b)) for a, b in pairwise(liked) if a != b)
    often = sorted(
        (pair for pair, n in counts.items() if n >= _LEAST), key=lambda pair: (-counts[pair], pair)
    )
    return [(video_ids[a], video_ids[b]) for a, b in often[:_MAX_PAIRS]]
