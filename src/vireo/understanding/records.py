"""Extractive records: summary, phrases and attributes in a video's own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log

from vireo.engine.progress import Progress
from vireo.language import VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.understanding.attributes import extract_attributes
from vireo.understanding.base import VideoRecord
from vireo.understanding.entities import names_of_things
from vireo.understanding.evidence import Says, VideoTextSources, evidence_of, says_name
from vireo.understanding.language_id import language_of
from vireo.understanding.summary import central_sentences
from vireo.understanding.tokenize import sentences_of

_TOO_COMMON = 0.5
_TONGUE = 500  # characters of the dialogue that tell its language
_MIN_VIDEOS = 20  # from here on, words of more than half of the videos count as small words


def rarity_of(words: Sequence[frozenset[str]]) -> dict[str, float]:
    """Inverse document frequency of the content words, without those of most videos."""
    held = Counter(word for own in words for word in own)
    count = len(words)
    limit = _TOO_COMMON * count if count >= _MIN_VIDEOS else count
    rare = {word: log(1 + count / n) for word, n in held.items() if n <= limit}
    # a catalogue that says the same everywhere keeps its words
    return rare or dict.fromkeys(held, 1.0)


def records_of(
    texts: VideoTexts,
    titles: Sequence[str],
    rarity: Mapping[str, float],
    topics: Sequence[tuple[str, ...]],
    phrases: Sequence[tuple[str, ...]],
    most_sentences: int,
    progress: Progress,
) -> tuple[VideoRecord, ...]:
    """One extractive record per video. `topics` and `phrases`, per video, come from its texts."""
    records = []
    with progress.task("writing records", len(texts)) as tick:
        for row, video_id in enumerate(texts.video_ids):
            candidates = _candidates(texts, row, most_sentences)
            records.append(
                VideoRecord(
                    video_id=video_id,
                    title=titles[row],
                    summary=central_sentences(candidates, rarity, most_sentences),
                    key_phrases=phrases[row],
                    topics=topics[row],
                    sources=texts.sources(row),
                    language=language_of(
                        sampled_windows(texts.dialogue[row], _TONGUE),
                        texts.description[row],
                        texts.title[row],
                    ),
                )
            )
            tick()
    return tuple(records)


def with_evidence(
    record: VideoRecord, sources: VideoTextSources, says: Says, starters: frozenset[str]
) -> VideoRecord:
    """Names, mood, audience and format, as far as the sources tell them; and what each rests on."""
    names = names_of_things(sources.texts, record.language, starters)
    supports = [
        *evidence_of(record.topics, sources, says),
        *evidence_of(names, sources, says_name, "entity"),
        *extract_attributes(sources, record.language),
    ]
    by_field = {support.of: support.topic for support in supports}
    return replace(
        record,
        entities=tuple(support.topic for support in supports if support.of == "entity"),
        mood=by_field.get("mood", ""),
        audience=by_field.get("audience", ""),
        format=by_field.get("format", ""),
        evidence=tuple(supports),
    )


def _candidates(texts: VideoTexts, row: int, most: int) -> list[str]:
    """Sentences of the description; with too few of them, those of the dialogue too."""
    sentences = sentences_of(sampled_windows(texts.description[row]))
    if len(sentences) >= most:
        return sentences
    return sentences + sentences_of(sampled_windows(texts.dialogue[row]))
