"""Selection of key phrases by maximal marginal relevance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vireo.arrays import Doubles, Floats
from vireo.engine.progress import NullProgress, Progress
from vireo.language import PARTS, LanguageModel, VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.understanding.key_phrases import Phrase, key_phrases

_WEIGHTS: Mapping[str, float] = {
    "title": 2.0,
    "description": 1.0,
    "tags": 2.0,
    "screen": 0.5,
    "dialogue": 0.5,
}
CANDIDATES = 3
"""Candidate phrases per selected one."""
_BLOCK = 512  # videos whose candidates are in memory at a time


def phrases_of(
    texts: VideoTexts,
    rarity: Mapping[str, float],
    videos: Floats,
    model: LanguageModel,
    limit: int,
    diversity: float,
    progress: Progress,
) -> tuple[tuple[str, ...], ...]:
    """At most `limit` key phrases per video, as its texts write them.

    videos: (n, d) what the language model makes of each. With `diversity` 0 the best candidates
    are taken as they come, and the language model reads none of them.
    """
    chosen: list[tuple[str, ...]] = []
    many = limit * CANDIDATES if diversity else limit
    with progress.task("choosing phrases", len(texts)) as tick:
        for start in range(0, len(texts), _BLOCK):
            rows = range(start, min(start + _BLOCK, len(texts)))
            found = [key_phrases(_said(texts, row), rarity, many) for row in rows]
            if diversity and limit:
                ends = np.cumsum([len(own) for own in found])[:-1]
                every = model.embed([one.text for own in found for one in own], NullProgress())
                for row, own, vectors in zip(rows, found, np.split(every, ends), strict=True):
                    chosen.append(diverse(own, vectors, videos[row], limit, diversity))
            else:
                chosen += [tuple(one.text for one in own) for own in found]
            tick(len(rows))
    return tuple(chosen)


def diverse(
    phrases: Sequence[Phrase], vectors: Floats, video: Floats, most: int, diversity: float
) -> tuple[str, ...]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    phrases (p,) best first, vectors (p, d) and video (d,) of one language model. A phrase is
    relevant by its score, as a share of the best one's, and by its nearness to the video
    (Bennani-Smires et al. 2018), half and half; what it resembles of those chosen before is
    taken off, `diversity` against relevance. Ties: the one that came first.
    """
    if not phrases:
        return ()
    scores = np.array([phrase.score for phrase in phrases])
    relevance: Doubles = (scores / scores.max() + vectors @ video) / 2
    similarity = (vectors @ vectors.T).astype(np.float64)
    chosen: list[int] = []
    left = list(range(len(phrases)))
    while left and len(chosen) < most:
        repeated = similarity[np.ix_(left, chosen)].max(axis=1, initial=0.0)
        gain = (1 - diversity) * relevance[left] - diversity * repeated
        chosen.append(left.pop(int(gain.round(9).argmax())))
    return tuple(phrases[place].text for place in chosen)


def _said(texts: VideoTexts, row: int) -> list[tuple[str, float]]:
    return [(sampled_windows(texts.part(part)[row]), _WEIGHTS[part]) for part in PARTS]
