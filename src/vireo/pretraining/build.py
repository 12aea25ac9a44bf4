"""The pretraining stage: corpus, objective, held-out check, choice of the language model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vireo.config import Config
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.language import load
from vireo.pretraining import OBJECTIVES
from vireo.pretraining.base import Checkpoint, Corpus
from vireo.pretraining.check import mean_reciprocal_rank
from vireo.pretraining.corpus import make_corpus
from vireo.video.base import VideoFeatures

LEAST_DOCUMENTS = 20
LEAST_PAIRS = 2


def build(tables: Tables, video: VideoFeatures, config: Config, context: Context) -> Checkpoint:
    """The language model for the next stage, base or tuned, and the report of how it was chosen.

    Reads the parts "videos" and "comments", and the subtitles of `video`. The tuned model is taken
    only if a description finds its own title among held-out titles at least as well as before.
    """
    corpus = make_corpus(tables.videos, tables.comments, video.dialogue)
    about: dict[str, Any] = {
        "objective": config.pretraining.objective,
        "documents": {"train": len(corpus.train), "heldout": len(corpus.heldout)},
        "duplicates": corpus.duplicates,
    }
    objective = OBJECTIVES.get(config.pretraining.objective)
    too_little = _too_little(corpus)
    if too_little and config.pretraining.objective != "none":
        return _base(about, too_little)
    candidate: Checkpoint = objective(corpus, config, context)
    about |= candidate.report
    if candidate.model is None:
        return _base(about, str(candidate.report.get("reason", "Nothing was trained.")))
    return _chosen(candidate, corpus, about, config, context)


def _too_little(corpus: Corpus) -> str:
    """Why this corpus cannot tune a model, or the empty string."""
    if len(corpus) < LEAST_DOCUMENTS:
        return f"The corpus has {len(corpus)} texts; {LEAST_DOCUMENTS} are the least to learn from."
    if len(corpus.pairs) < LEAST_PAIRS:
        return (
            "Too few held-out videos have both a title and a description or dialogue, "
            "so a tuned model could not be checked."
        )
    return ""


def _chosen(
    candidate: Checkpoint,
    corpus: Corpus,
    about: Mapping[str, Any],
    config: Config,
    context: Context,
) -> Checkpoint:
    base = load(config.language, context)
    tuned = load(config.language, context, candidate.model)
    before = mean_reciprocal_rank(base, corpus.pairs, context.progress)
    after = mean_reciprocal_rank(tuned, corpus.pairs, context.progress)
    report = {
        **about,
        "check": {"pairs": len(corpus.pairs), "mrr_base": before, "mrr_tuned": after},
    }
    figures = f"mean reciprocal rank {before:.3f} before, {after:.3f} after"
    if after < before:
        return _base(
            report, f"Tuning made descriptions find their own titles less well ({figures})."
        )
    reason = f"With tuning, descriptions find their own titles no less well ({figures})."
    return Checkpoint(candidate.model, {**report, "choice": "tuned", "reason": reason})


def _base(report: Mapping[str, Any], reason: str) -> Checkpoint:
    return Checkpoint(None, {**report, "choice": "base", "reason": f"{reason} The base is kept."})
