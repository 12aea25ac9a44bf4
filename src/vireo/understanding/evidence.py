"""Evidence: the verbatim line that supports a topic, and its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vireo.language import VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.language.texts import SCREEN, clean
from vireo.understanding.tokenize import folded, folded_text, sentences_of, tokens_of

_PARTS = ("dialogue", "description", "title", "tags", "screen")


@dataclass(frozen=True)
class DialogueLine:
    """A line of dialogue, or of what is shown, with its span in seconds."""

    start: float
    end: float
    text: str
    source: str = "dialogue"
    """Or screen."""


@dataclass(frozen=True)
class Evidence:
    """A quote for a topic or another field of a record. The quote is part of the video's text."""

    topic: str
    quote: str
    source: str
    """title, description, tags, dialogue or screen."""
    start: float | None = None
    """Seconds, where the dialogue has times."""
    end: float | None = None
    of: str = "topic"
    """Field of `topic`: a topic, entity, mood, audience or format."""


Says = Callable[[str, str], bool]
"""Whether a text says what a name stands for."""


@dataclass(frozen=True)
class VideoTextSources:
    """Text of one video, for finding quotes."""

    texts: Mapping[str, str]
    """Part -> text."""
    lines: Sequence[DialogueLine]

    def find(self, quote: str) -> tuple[str, float | None, float | None] | None:
        """The part that holds these words in this order, and the span of them; None if none does.

        Case, punctuation and space may differ, words may not.
        """
        folded = folded_text(quote)
        if not folded.strip():
            return None
        for line in self.lines:
            if folded in folded_text(line.text):
                return line.source, line.start, line.end
        held = next((part for part in _PARTS if folded in folded_text(self.texts[part])), None)
        if held is None:
            return None
        return (held, *self._across(folded)) if held == "dialogue" else (held, None, None)

    @cached_property
    def sentences(self) -> Mapping[str, Sequence[str]]:
        """Part -> its sentences; a title is one, and so is each tag."""
        sentences = {part: sentences_of(self.texts[part]) for part in ("dialogue", "description")}
        tags = [tag for tag in self.texts["tags"].split(", ") if tag]
        titles = [self.texts["title"]] if self.texts["title"] else []
        return {
            **sentences,
            "title": titles,
            "tags": tags,
            "screen": sentences_of(self.texts["screen"]),
        }

    def holds(self, words: str) -> bool:
        """Whether some part has these words in this order."""
        return self.find(words) is not None

    def _across(self, folded: str) -> tuple[float | None, float | None]:
        """The span of words that run over several lines."""
        joined, starts = "", []
        lines = [line for line in self.lines if line.source == "dialogue"]
        for line in lines:
            starts.append(len(joined))
            joined = f"{joined}{folded_text(line.text).rstrip()}"
        place = joined.find(folded.rstrip())
        if place < 0:
            return None, None
        last = place + len(folded) - 1
        covered = [row for row, start in enumerate(starts) if start <= last]
        first = max(row for row in covered if starts[row] <= place)
        return lines[first].start, lines[covered[-1]].end


def lines_of(dialogue: pl.DataFrame) -> dict[str, list[DialogueLine]]:
    """DIALOGUE_SCHEMA -> per video its lines in order of time."""
    lines: dict[str, list[DialogueLine]] = {}
    ordered = dialogue.sort("start", maintain_order=True)
    columns = ("video_id", "start", "end", "text", "source")
    for video_id, start, end, text, source in ordered.select(columns).rows():
        kind = SCREEN if source == SCREEN else "dialogue"
        lines.setdefault(video_id, []).append(DialogueLine(start, end, clean(text), kind))
    return lines


def sources_of(
    texts: VideoTexts, row: int, lines: Mapping[str, Sequence[DialogueLine]]
) -> VideoTextSources:
    """All text of the video in this row; of very long texts, evenly spread windows."""
    parts = {part: sampled_windows(texts.part(part)[row]) for part in _PARTS}
    return VideoTextSources(parts, lines.get(texts.video_ids[row], ()))


def says_word(text: str, word: str) -> bool:
    """Whether a text has this folded word."""
    return word in text.casefold() and word in map(folded, tokens_of(text))


def says_name(text: str, name: str) -> bool:
    """Whether a text has these words in this order."""
    likely = name.split()[0].casefold() in text.casefold()  # quick, and mostly no
    return likely and folded_text(name) in folded_text(text)


def evidence_of(
    topics: Sequence[str], sources: VideoTextSources, says: Says = says_word, of: str = "topic"
) -> tuple[Evidence, ...]:
    """For each topic the first line that says it; dialogue before others."""
    found = (_first(topic, sources, says, of) for topic in topics)
    return tuple(support for support in found if support is not None)


def _first(topic: str, sources: VideoTextSources, says: Says, of: str) -> Evidence | None:
    for line in sources.lines:
        if says(line.text, topic):
            return Evidence(topic, line.text, line.source, line.start, line.end, of)
    for part in _PARTS:
        for sentence in sources.sentences[part]:
            if says(sentence, topic):
                return Evidence(topic, sentence, part, of=of)
    return None
