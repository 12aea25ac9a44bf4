"""Talks like this one, before and after a training: recall@6 of related talks, talk by talk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.base import Interactions
from bench.pretrain import videos_of
from vireo.arrays import Doubles, Floats
from vireo.engine.progress import LogProgress
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.language import LanguageSection, texts_of
from vireo.language.encoder import Encoder
from vireo.language.minilm import package_directory
from vireo.pretraining.base import Corpus
from vireo.pretraining.retrieval_check import mean_reciprocal_rank
from vireo.understanding.base import UnderstandingSection
from vireo.understanding.lsa import fit_lsa, joined, term_counts
from vireo.understanding.vectors import vectors_of
from vireo.video.base import DIALOGUE_SCHEMA

K = 6
READING = LanguageSection(max_tokens=128, max_chunks=2)
"""Both models read two spread chunks of a dialogue: the whole costs ten times as much."""
SEED = 0


def compared(talks: Interactions, corpus: Corpus, tuned: Path, cache: Path) -> dict[str, Any]:
    """Recall before and after, of the language model's vectors alone and of the fused ones.

    Differences are paired: the same resampled talks for both models, 95% intervals.
    """
    texts = texts_of(videos_of(talks), pl.DataFrame(schema=DIALOGUE_SCHEMA))
    counted = term_counts(texts)
    lexicon = fit_lsa(counted)
    assert lexicon is not None
    words, weight = lexicon.rows(counted), UnderstandingSection().lexical_weight
    models = {"before": package_directory(), "after": tuned}
    recalls: dict[str, dict[str, Doubles]] = {"language model alone": {}, "fused": {}}
    ranks: dict[str, float] = {}
    for name, directory in models.items():
        model = Encoder(directory, READING, cache)
        vectors = vectors_of(texts, model, LogProgress(30)).fused
        recalls["language model alone"][name] = recall(talks, vectors)
        recalls["fused"][name] = recall(talks, joined(vectors, words, weight))
        ranks[name] = mean_reciprocal_rank(model, corpus.pairs, LogProgress(30))
    unseen = {document.video_id for document in corpus.heldout}
    held = np.array([talk.id in unseen for talk in talks.catalogue])
    return {
        "reading": READING.model_dump(include={"max_tokens", "max_chunks"}),
        "talks": int(np.isfinite(recalls["fused"]["before"]).sum()),
        "recall@6": {name: told(both) for name, both in recalls.items()},
        "recall@6 of held-out talks": {
            name: told({when: values[held] for when, values in both.items()})
            for name, both in recalls.items()
        },
        "title found by description, mean reciprocal rank": ranks,
    }


def recall(talks: Interactions, vectors: Floats) -> Doubles:
    """(n,) the share of each talk's labels among its six nearest; NaN without labels."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    labels: list[set[int]] = [set() for _ in talks.catalogue]
    for talk, like in zip(talks.users.tolist(), talks.items.tolist(), strict=True):
        if talk != like:
            labels[talk].add(like)
    return np.array(
        [
            len(own & set(row)) / min(K, len(own)) if own else np.nan
            for own, row in zip(labels, nearest.tolist(), strict=True)
        ]
    )


def told(recalls: dict[str, Doubles]) -> dict[str, Any]:
    """Both means, the change in percent, and the change with its interval."""
    known = np.isfinite(recalls["before"])
    both = np.stack([recalls["before"][known], recalls["after"][known]], axis=1)
    before, after = both.mean(axis=0)
    low, high = interval(resampled_means((both[:, 1] - both[:, 0])[:, None], SEED)[:, 0])
    return {
        "before": round(float(before), 4),
        "after": round(float(after), 4),
        "change_percent": round(100 * float(after / before - 1), 2),
        "change": [round(float(after - before), 4), round(low, 4), round(high, 4)],
    }
