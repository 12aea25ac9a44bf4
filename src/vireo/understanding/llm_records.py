"""Records by an LLM: one prompt per video, the answer checked against the video's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from vireo.engine.progress import Progress
from vireo.language import PARTS, VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.language.generate import GeneratedValue, Generator, Prompt
from vireo.language.texts import clean
from vireo.understanding.base import VideoRecord
from vireo.understanding.evidence import (
    DialogueLine,
    Evidence,
    VideoTextSources,
    evidence_of,
    says_name,
    sources_of,
)
from vireo.understanding.tokenize import sentences_of, tokens_of

_CHARACTERS_PER_TOKEN = 4
_INSTRUCTIONS = """You describe one video for a catalogue. Use only what its title, description,
tags and dialogue say; leave a field empty where they do not say it. The summary has at most two
sentences. Each topic has a quote: a few words that stand in the texts exactly so. Entities are
names of people, places and works that occur in the texts. Mood, audience and format are a word or
two each; language is the language of the texts, by its ISO 639-1 code."""
VERSION = 1


class LlmTopic(BaseModel):
    """A topic and the words that it rests on."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=60)
    quote: str = Field(min_length=1, max_length=300)


class LlmRecord(BaseModel):
    """JSON schema of the answer."""

    model_config = ConfigDict(extra="forbid")
    summary: str = Field(max_length=600)
    topics: list[LlmTopic] = Field(max_length=5)
    entities: list[str] = Field(max_length=10)
    mood: str = Field(max_length=40)
    audience: str = Field(max_length=40)
    format: str = Field(max_length=40)
    language: str = Field(max_length=20)


def llm_records(
    records: Sequence[VideoRecord],
    texts: VideoTexts,
    lines: Mapping[str, Sequence[DialogueLine]],
    generator: Generator,
    input_tokens: int,
    progress: Progress,
) -> tuple[VideoRecord, ...]:
    """The records with what the model wrote; those that it failed keep theirs, and say why."""
    rows = [row for row, record in enumerate(records) if record.sources]
    prompts = [prompt_of(texts, row, input_tokens) for row in rows]
    answers = dict(zip(rows, generator.generate(prompts, progress), strict=True))
    return tuple(
        _checked(record, answers[row], sources_of(texts, row, lines), generator.name)
        if row in answers
        else record
        for row, record in enumerate(records)
    )


def prompt_of(texts: VideoTexts, row: int, input_tokens: int) -> Prompt[LlmRecord]:
    """Data of one video's prompt, with nothing of other videos."""
    metadata = {part: texts.part(part)[row] for part in PARTS[:-1]}
    if not metadata["screen"]:
        del metadata["screen"]  # most videos show no text: an empty field would only cost tokens
    max_characters = input_tokens * _CHARACTERS_PER_TOKEN
    left = max(max_characters // 2, max_characters - sum(map(len, metadata.values())))
    data = {part: sampled_windows(text, max_characters // 4) for part, text in metadata.items()}
    data["dialogue"] = sampled_windows(texts.dialogue[row], left)
    return Prompt("record", VERSION, _INSTRUCTIONS, data, LlmRecord)


def _checked(
    record: VideoRecord, answer: GeneratedValue[LlmRecord], sources: VideoTextSources, author: str
) -> VideoRecord:
    """The fields that the sources support; others are dropped."""
    written = answer.value
    if written is None:
        return replace(record, reason=f"{author}: {answer.reason}")
    supports = tuple(_supported(written.topics, sources))
    entities = tuple(name for name in written.entities if sources.holds(name))
    summary = tuple(s for s in sentences_of(clean(written.summary)) if _is_grounded(s, sources))
    dropped = len(written.topics) - len(supports) + (0 if summary else 1)
    return replace(
        record,
        summary=summary or record.summary,
        topics=tuple(support.topic for support in supports) or record.topics,
        evidence=(
            *(supports or (s for s in record.evidence if s.of == "topic")),
            *evidence_of(entities, sources, says_name, "entity"),
        ),
        entities=entities,
        mood=written.mood,
        audience=written.audience,
        format=written.format,
        language=written.language or record.language,
        source_model=author,
        reason=f"{dropped} statements were not in its texts and were left out" if dropped else "",
    )


def _supported(topics: Sequence[LlmTopic], sources: VideoTextSources) -> Iterator[Evidence]:
    for topic in topics:
        found = sources.find(topic.quote)
        if found is not None:
            yield Evidence(topic.name, topic.quote, *found)


def _is_grounded(sentence: str, sources: VideoTextSources) -> bool:
    """Whether its names and numbers stand in the sources; the words between them are the model's.

    The first word is written large in any case, so it is not taken for a name.
    """
    words = tokens_of(sentence)
    return all(
        sources.holds(word)
        for place, word in enumerate(words)
        if any(map(str.isdigit, word)) or (place > 0 and word[0].isupper())
    )
