"""The understanding stage: texts, vectors, topics and records of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vireo.config import Config
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.language import VideoTexts, load, texts_of
from vireo.language.generate import generator
from vireo.language.texts import clean
from vireo.pretraining.base import Checkpoint
from vireo.understanding.base import Understanding, VideoRecord
from vireo.understanding.lexical import Lexicon, joined, lexicon_of, words_of
from vireo.understanding.records import rarity_of, records_of
from vireo.understanding.support import Line, lines_of, sources_of, supports_of
from vireo.understanding.topics import names_of, topics_of
from vireo.understanding.vectors import TextVectors, vectors_of
from vireo.understanding.words import names_in
from vireo.understanding.written import rewritten
from vireo.video.base import VideoFeatures


def build(
    tables: Tables,
    video: VideoFeatures,
    checkpoint: Checkpoint,
    config: Config,
    context: Context,
) -> Understanding:
    """Read every video's texts with the chosen language model.

    Reads the part "videos" and the subtitles of `video`; rows keep the catalogue's order.
    """
    section = config.understanding
    seed = context.seed % 2**32
    texts = texts_of(tables.videos, video.dialogue)
    model = load(config.language, context, checkpoint.model)
    vectors = vectors_of(texts, model, context.progress)
    counted = words_of(texts)
    words = counted.used
    # Who took part is said beside the video; what it is about are other words.
    names = names_in(tables.videos["participants"])
    rarity = {word: rare for word, rare in rarity_of(words).items() if word not in names}
    lexicon = lexicon_of(counted) if section.word_weight else None
    topic_of = topics_of(vectors.fused, vectors.has_text, section.topics, seed)
    topics = names_of(topic_of, [own & rarity.keys() for own in words])
    titles = [clean(title) or id_ for id_, title in tables.videos["video_id", "title"].iter_rows()]
    records = records_of(texts, titles, words, rarity, topic_of, topics, section, context.progress)
    records = _supported(records, texts, lines_of(video.dialogue), config, context)
    return Understanding(
        vectors=joined(vectors.fused, lexicon.rows(counted), section.word_weight)
        if lexicon
        else vectors.fused,
        has_text=vectors.has_text,
        topic_of=topic_of,
        topics=topics,
        records=records,
        parts=vectors.parts,
        info=_info(vectors, lexicon, checkpoint, config, model.fingerprint) | authors_of(records),
        centre=vectors.centre,
        lexicon=lexicon,
        word_weight=section.word_weight if lexicon else 0.0,
    )


def _supported(
    records: tuple[VideoRecord, ...],
    texts: VideoTexts,
    lines: Mapping[str, Sequence[Line]],
    config: Config,
    context: Context,
) -> tuple[VideoRecord, ...]:
    """Each topic with the line that it rests on; then what a configured model makes of it."""
    quoted = tuple(
        replace(record, supports=supports_of(record.topics, sources_of(texts, row, lines)))
        for row, record in enumerate(records)
    )
    generation = config.language.generation
    author = generator(generation, context) if generation.records else None
    if author is None:
        return quoted
    return rewritten(quoted, texts, lines, author, generation.input_tokens, context.progress)


def _info(
    vectors: TextVectors,
    lexicon: Lexicon | None,
    checkpoint: Checkpoint,
    config: Config,
    fingerprint: str,
) -> dict[str, Any]:
    tuned = checkpoint.model is not None
    with_text, count = int(vectors.has_text.sum()), len(vectors.has_text)
    reason = str(checkpoint.report.get("reason", "")).strip()
    sentence = (
        f"{with_text} of {count} videos have words, read by {config.language.model} "
        f"({'tuned on this catalogue' if tuned else 'the base model'}). {reason}"
    )
    return {
        "language_model": config.language.model,
        "weights": "tuned" if tuned else "base",
        "fingerprint": fingerprint,
        "centred": vectors.centred,
        "words_known": len(lexicon.words) if lexicon else 0,
        "sentence": sentence.strip(),
    }


def authors_of(records: Sequence[VideoRecord]) -> dict[str, Any]:
    """How many records each author wrote, and the reasons of those that a model did not."""
    failed = Counter(r.reason for r in records if r.author == "extractive" and r.reason)
    return {
        "authors": dict(Counter(record.author for record in records)),
        "not_written": dict(failed.most_common(5)),
    }
