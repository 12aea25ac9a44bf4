"""Texts -> records: summary, key phrases and topics of each video, in its own words only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

from vireo.arrays import Ints
from vireo.engine.progress import Progress
from vireo.language import PARTS, VideoTexts
from vireo.language.chunks import thinned
from vireo.understanding.base import UnderstandingSection, VideoRecord
from vireo.understanding.phrases import key_phrases
from vireo.understanding.summary import central_sentences
from vireo.understanding.tongue import language_of
from vireo.understanding.words import sentences_of

_PHRASE_WEIGHTS: Mapping[str, float] = {
    "title": 2.0,
    "description": 1.0,
    "tags": 2.0,
    "dialogue": 0.5,
}
_TOO_COMMON = 0.5
_TONGUE = 500  # characters of the dialogue that tell its language
_LEAST_VIDEOS = 20  # from here on, words of more than half of the videos count as small words


def rarity_of(words: Sequence[frozenset[str]]) -> dict[str, float]:
    """Inverse document frequency of the content words, without those of most videos."""
    held = Counter(word for own in words for word in own)
    count = len(words)
    limit = _TOO_COMMON * count if count >= _LEAST_VIDEOS else count
    rare = {word: log(1 + count / n) for word, n in held.items() if n <= limit}
    # a catalogue that says the same everywhere keeps its words
    return rare or dict.fromkeys(held, 1.0)


def records_of(
    texts: VideoTexts,
    titles: Sequence[str],
    words: Sequence[frozenset[str]],
    rarity: Mapping[str, float],
    topic_of: Ints,
    topics: Sequence[str],
    section: UnderstandingSection,
    progress: Progress,
) -> tuple[VideoRecord, ...]:
    """One extractive record per video. Every word of it occurs in the video's own texts.

    Of the words that name the video's topic, only those that the video itself uses are kept.
    """
    records = []
    with progress.task("writing records", len(texts)) as tick:
        for row, video_id in enumerate(texts.video_ids):
            said = [(thinned(texts.part(part)[row]), _PHRASE_WEIGHTS[part]) for part in PARTS]
            name = topics[topic_of[row]] if topic_of[row] >= 0 else ""
            records.append(
                VideoRecord(
                    video_id=video_id,
                    title=titles[row],
                    summary=central_sentences(
                        _candidates(texts, row, section.summary_sentences),
                        rarity,
                        section.summary_sentences,
                    ),
                    key_phrases=key_phrases(said, rarity, section.key_phrases),
                    topics=tuple(word for word in name.split(", ") if word in words[row]),
                    sources=texts.sources(row),
                    language=language_of(
                        thinned(texts.dialogue[row], _TONGUE),
                        texts.description[row],
                        texts.title[row],
                    ),
                )
            )
            tick()
    return tuple(records)


def _candidates(texts: VideoTexts, row: int, most: int) -> list[str]:
    """Sentences of the description; with too few of them, those of the dialogue too."""
    told = sentences_of(thinned(texts.description[row]))
    if len(told) >= most:
        return told
    return told + sentences_of(thinned(texts.dialogue[row]))
