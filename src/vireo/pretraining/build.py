"""The pretraining stage: corpus, objective, held-out check, choice of the language model."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vireo.behavior.base import Histories
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.language import LanguageModel, LocalWeights, load
from vireo.language.base import LanguageSection
from vireo.language.hf_directory import fingerprint_of
from vireo.language.texts import clean
from vireo.pretraining.base import CannotTrain, Checkpoint, Corpus, Document, PretrainingSection
from vireo.pretraining.corpus import (
    heldout,
    make_corpus,
    save_about,
    watch_documents,
    watched_pairs,
)
from vireo.pretraining.retrieval_check import mean_reciprocal_rank
from vireo.video.base import VideoFeatures

MIN_DOCUMENTS = 20
MIN_PAIRS = 2
_NONE, _SCRATCH, _CAUSAL = "none", "scratch", "causal"


def build(
    tables: Tables,
    video: VideoFeatures,
    section: PretrainingSection,
    language: LanguageSection,
    context: Context,
    behavior: Histories | None = None,
) -> Checkpoint:
    """The language model for the next stage, base or tuned, and the report of how it was chosen.

    Reads the parts "videos" and "comments", and the subtitles of `video`. The tuned model is taken
    only if a description finds its own title among held-out titles at least as well as before.
    A causal LLM is kept beside the base, which still computes the embeddings. `behavior` is read
    if the section asks for it.
    """
    half = context.cache / "pretraining" / "corpus.part"
    shutil.rmtree(half, ignore_errors=True)
    corpus = make_corpus(
        tables.videos, tables.comments, video.dialogue, half, *_seen(tables, behavior)
    )
    about: dict[str, Any] = {
        "objective": section.objective,
        "documents": {"train": len(corpus.train), "heldout": len(corpus.heldout)},
        "duplicates": corpus.duplicates,
    }
    too_little = _too_little(corpus, section)
    if too_little:
        return _base(about, too_little)
    try:
        folder, report = _trained(corpus, section, language, context)
    except CannotTrain as error:
        return _base(about, str(error))
    about |= report
    if section.objective == _CAUSAL:
        return _writer(folder / "model", about)
    return _chosen(folder / "model", corpus, about, language, context)


def _seen(
    tables: Tables, behavior: Histories | None
) -> tuple[Iterable[Document], Iterable[tuple[str, str]]]:
    """Documents and pairs of the histories; empty without them."""
    if behavior is None:
        return (), ()
    ids = tables.videos["video_id"].to_list()
    titles = [clean(title) for title in tables.videos["title"]]
    known = frozenset(ids) - heldout(ids)
    return watch_documents(behavior, ids, titles, known), watched_pairs(behavior, ids)


def _too_little(corpus: Corpus, section: PretrainingSection) -> str:
    """Why this corpus cannot tune a model, or the empty string."""
    if section.objective == _NONE:
        return 'The setting pretraining.objective is "none".'
    if len(corpus) < MIN_DOCUMENTS:
        return f"The corpus has {len(corpus)} texts; {MIN_DOCUMENTS} are the least to learn from."
    if len(corpus.pairs) < MIN_PAIRS and section.objective != _CAUSAL:
        return (
            "Too few held-out videos have both a title and a description or dialogue, "
            "so a tuned model could not be checked."
        )
    return ""


def _trained(
    corpus: Corpus, section: PretrainingSection, language: LanguageSection, context: Context
) -> tuple[Path, dict[str, Any]]:
    """Folder of the trained model, and its report. Raises CannotTrain."""
    # torch is loaded only when something is trained
    from vireo.pretraining.training import PretrainingJob, recipe_of, trained

    seed = context.seed % 2**32
    base = _base_of(section, language, context)
    named = fingerprint_of(base, "") if base else _SCRATCH
    folder = context.cache / "pretraining" / recipe_of(corpus, section, named, seed)
    if not (folder / "corpus" / "about.json").exists():
        save_about(corpus)
        shutil.rmtree(folder / "corpus", ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        corpus.directory.rename(folder / "corpus")
    return folder, trained(folder, PretrainingJob(section, base, seed), context.progress)


def _base_of(
    section: PretrainingSection, language: LanguageSection, context: Context
) -> Path | None:
    """The directory that training goes on from; None from scratch. Raises CannotTrain."""
    if section.base == _SCRATCH or (section.objective == _CAUSAL and not section.base):
        return None
    if section.base:
        return Path(section.base).expanduser()
    model = load(language, context)
    if not isinstance(model, LocalWeights):
        raise CannotTrain("The language model's weights are not on this machine.")
    return model.directory


def _chosen(
    model: Path,
    corpus: Corpus,
    about: Mapping[str, Any],
    language: LanguageSection,
    context: Context,
) -> Checkpoint:
    base = load(language, context)
    tuned: LanguageModel = load(language, context, model)
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
    return Checkpoint(model, {**report, "choice": "tuned", "reason": reason})


def _writer(model: Path, about: Mapping[str, Any]) -> Checkpoint:
    """A causal model gives no vectors: the base goes on with those."""
    before, after = about["perplexity_before"], about["perplexity_after"]
    change = f" (perplexity {before:.1f} before, {after:.1f} after)" if after is not None else ""
    reason = (
        f"A causal LLM was trained{change}; it gives no embeddings. To use it, set "
        'language.generation.model = "local" and path to the folder `writer` of this artifact.'
    )
    return Checkpoint(None, {**about, "choice": "base", "reason": reason}, writer=model)


def _base(report: Mapping[str, Any], reason: str) -> Checkpoint:
    return Checkpoint(None, {**report, "choice": "base", "reason": f"{reason} The base is kept."})
