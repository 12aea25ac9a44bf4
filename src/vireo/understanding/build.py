"""Understanding stage: texts, embeddings, topics and records of the catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vireo.arrays import Ints
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.language import LanguageModel, VideoTexts, load, texts_of
from vireo.language.base import LanguageSection
from vireo.language.generate import generator
from vireo.language.texts import clean
from vireo.pretraining.base import Checkpoint
from vireo.understanding.base import Understanding, UnderstandingSection, VideoRecord
from vireo.understanding.custom_topics import CustomTopic, assigned
from vireo.understanding.custom_topics import TopicMatcher as SaysTopic
from vireo.understanding.entities import small_words
from vireo.understanding.evidence import DialogueLine, Says, lines_of, says_word, sources_of
from vireo.understanding.llm_records import llm_records
from vireo.understanding.lsa import LsaModel, fit_lsa, joined, term_counts
from vireo.understanding.phrase_selection import phrases_of
from vireo.understanding.records import rarity_of, records_of, with_evidence
from vireo.understanding.tokenize import names_in
from vireo.understanding.topics import names_of, supported_topics, topics_of
from vireo.understanding.vectors import TextVectors, vectors_of, with_topics
from vireo.video.base import VideoFeatures


def build(
    tables: Tables,
    video: VideoFeatures,
    checkpoint: Checkpoint,
    section: UnderstandingSection,
    language: LanguageSection,
    context: Context,
    listed: Sequence[CustomTopic] = (),
) -> Understanding:
    """Read every video's texts with the chosen language model.

    Reads the part "videos" and the lines of `video`; rows keep the catalogue's order. `listed`
    are the topics that a user wants; without any they are discovered.
    """
    progress = context.progress
    texts = texts_of(tables.videos, video.dialogue)
    model = load(language, context, checkpoint.model)
    vectors = vectors_of(texts, model, progress)
    counted = term_counts(texts)
    words_used = counted.used
    # Who took part is said beside the video; what it is about are other words.
    names = names_in(tables.videos["participants"])
    rarity = {word: rare for word, rare in rarity_of(words_used).items() if word not in names}
    lexicon = fit_lsa(counted) if section.lexical_weight else None
    own = [used & rarity.keys() for used in words_used]
    seed = context.seed % 2**32
    topics = _topics(texts, vectors, own, listed, model, section.topics, seed)
    titles = [clean(title) or id_ for id_, title in tables.videos["video_id", "title"].iter_rows()]
    count_per_video, diversity = section.key_phrases, section.phrase_diversity
    phrases = phrases_of(
        texts, rarity, vectors.uncentered, model, count_per_video, diversity, progress
    )
    records = records_of(
        texts, titles, rarity, topics.supported, phrases, section.summary_sentences, progress
    )
    records = _supported(records, texts, lines_of(video.dialogue), topics.says, language, context)
    vectors = with_topics(vectors, [record.topics for record in records], model, progress)
    return Understanding(
        vectors=joined(vectors.fused, lexicon.rows(counted), section.lexical_weight)
        if lexicon
        else vectors.fused,
        has_text=vectors.has_text,
        topic_of=topics.of,
        topics=topics.names,
        records=records,
        parts=vectors.parts,
        info=_info(vectors, lexicon, checkpoint, language, model.fingerprint) | authors_of(records),
        center=vectors.center,
        lsa=lexicon,
        lexical_weight=section.lexical_weight if lexicon else 0.0,
    )


@dataclass(frozen=True)
class _Topics:
    """The topics of the catalogue, and which of them each video is about."""

    names: tuple[str, ...]
    of: Ints
    supported: tuple[tuple[str, ...], ...]
    """Topics of each video that its own words support."""
    says: Says


def _topics(
    texts: VideoTexts,
    vectors: TextVectors,
    words: Sequence[frozenset[str]],
    listed: Sequence[CustomTopic],
    model: LanguageModel,
    count: int,
    seed: int,
) -> _Topics:
    """A user's own topics, or those that are discovered. words: per video those that may name."""
    if listed:
        rows = model.embed([topic.text for topic in listed])
        of, supported = assigned(listed, texts, vectors.uncentered, rows)
        return _Topics(tuple(topic.name for topic in listed), of, supported, SaysTopic(listed))
    of = topics_of(vectors.fused, vectors.has_text, count, seed)
    names = names_of(of, words)
    return _Topics(names, of, supported_topics(of, names, words), says_word)


def _supported(
    records: tuple[VideoRecord, ...],
    texts: VideoTexts,
    lines: Mapping[str, Sequence[DialogueLine]],
    says: Says,
    language: LanguageSection,
    context: Context,
) -> tuple[VideoRecord, ...]:
    """Quotes of each statement; then records by the LLM, if one is configured."""
    starters = small_words(texts)
    quoted = []
    with context.progress.task("finding quotes", len(records)) as tick:
        for row, record in enumerate(records):
            quoted.append(with_evidence(record, sources_of(texts, row, lines), says, starters))
            tick()
    generation = language.generation
    author = generator(generation, context) if generation.records else None
    if author is None:
        return tuple(quoted)
    return llm_records(quoted, texts, lines, author, generation.max_input_tokens, context.progress)


def _info(
    vectors: TextVectors,
    lexicon: LsaModel | None,
    checkpoint: Checkpoint,
    language: LanguageSection,
    fingerprint: str,
) -> dict[str, Any]:
    tuned = checkpoint.model is not None
    with_text, count = int(vectors.has_text.sum()), len(vectors.has_text)
    reason = str(checkpoint.report.get("reason", "")).strip()
    sentence = (
        f"{with_text} of {count} videos have words, read by {language.model} "
        f"({'tuned on this catalogue' if tuned else 'the base model'}). {reason}"
    )
    return {
        "language_model": language.model,
        "weights": "tuned" if tuned else "base",
        "fingerprint": fingerprint,
        "centered": vectors.centered,
        "words_known": len(lexicon.words) if lexicon else 0,
        "sentence": sentence.strip(),
    }


def authors_of(records: Sequence[VideoRecord]) -> dict[str, Any]:
    """How many records each author wrote, and the reasons of those that a model did not."""
    failed = Counter(r.reason for r in records if r.source_model == "extractive" and r.reason)
    return {
        "authors": dict(Counter(record.source_model for record in records)),
        "not_written": dict(failed.most_common(5)),
    }
