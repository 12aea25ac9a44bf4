"""Extractive summary: LexRank over TF-IDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from vireo.arrays import Doubles
from vireo.language.chunks import spread
from vireo.understanding.tokenize import folded, tokens_of

_MAX_SENTENCES = 200
_DAMPING = 0.85
_ROUNDS = 60
_MAX_SIMILARITY = 0.6


def central_sentences(
    sentences: Sequence[str], rarity: Mapping[str, float], most: int
) -> tuple[str, ...]:
    """At most `most` sentences, verbatim and in the order of the text.

    Continuous LexRank (Erkan and Radev 2004): a sentence is central when it resembles sentences
    that are central. One that repeats a chosen one is passed over. Of more than 200 sentences an
    even selection is looked at.
    """
    kept = [sentences[row] for row in spread(len(sentences), _MAX_SENTENCES)]
    if len(kept) <= most:
        return tuple(dict.fromkeys(kept))
    similarity = _cosines(kept, rarity)
    rank = _stationary(similarity)
    chosen: list[int] = []
    # ties, as among sentences that share no word: the earlier one
    for row in np.argsort(-rank.round(9), kind="stable").tolist():
        if len(chosen) == most:
            break
        if all(similarity[row, other] < _MAX_SIMILARITY for other in chosen):
            chosen.append(row)
    return tuple(kept[row] for row in sorted(chosen))


def _cosines(sentences: Sequence[str], rarity: Mapping[str, float]) -> Doubles:
    """(s, s) cosines of the sentences' TF-IDF vectors; sentences without content words: 0."""
    number: dict[str, int] = {}
    rows, columns, values = [], [], []
    for row, sentence in enumerate(sentences):
        for word, count in Counter(folded(word) for word in tokens_of(sentence)).items():
            if word in rarity:
                rows.append(row)
                columns.append(number.setdefault(word, len(number)))
                values.append(count * rarity[word])
    shape = (len(sentences), max(1, len(number)))
    matrix = sparse.csr_array((np.asarray(values, dtype=float), (rows, columns)), shape=shape)
    norms = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    cosines: Doubles = (matrix @ matrix.T).toarray()
    scale = np.where(norms > 0, norms, 1.0)
    return cosines / scale[:, None] / scale[None, :]


def _stationary(similarity: Doubles) -> Doubles:
    """Stationary distribution of a walk between similar sentences. (s, s) -> (s,)"""
    count = len(similarity)
    sums = similarity.sum(axis=1, keepdims=True)
    walk = np.where(sums > 0, similarity / np.where(sums > 0, sums, 1.0), 1.0 / count)
    rank = np.full(count, 1.0 / count)
    for _ in range(_ROUNDS):
        rank = (1 - _DAMPING) / count + _DAMPING * (rank @ walk)
    return rank
