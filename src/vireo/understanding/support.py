"""Topic -> the line of a video that supports it, verbatim, and when it is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from vireo.language import VideoTexts
from vireo.language.chunks import thinned
from vireo.language.texts import clean
from vireo.understanding.words import folded, sentences_of, tokens_of

_LETTERS = re.compile(r"\w+")
_PARTS = ("dialogue", "description", "title", "tags")


@dataclass(frozen=True)
class Line:
    """A line of dialogue with its span in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Support:
    """What a topic rests on. The quote stands in the video's own text."""

    topic: str
    quote: str
    source: str
    """title, description, tags or dialogue."""
    start: float | None = None
    """Seconds, where the dialogue has times."""
    end: float | None = None


@dataclass(frozen=True)
class Sources:
    """What one video says, for looking things up."""

    texts: Mapping[str, str]
    """Part -> text."""
    lines: Sequence[Line]

    def find(self, quote: str) -> tuple[str, float | None, float | None] | None:
        """The part that holds these words in this order, and the span of them; None if none does.

        Case, punctuation and space may differ, words may not.
        """
        wanted = _folded(quote)
        if not wanted.strip():
            return None
        for line in self.lines:
            if wanted in _folded(line.text):
                return "dialogue", line.start, line.end
        held = next((part for part in _PARTS if wanted in _folded(self.texts[part])), None)
        if held is None:
            return None
        return (held, *self._across(wanted)) if held == "dialogue" else (held, None, None)

    def holds(self, words: str) -> bool:
        """Whether some part has these words in this order."""
        return self.find(words) is not None

    def _across(self, wanted: str) -> tuple[float | None, float | None]:
        """The span of words that run over several lines."""
        told, starts = "", []
        for line in self.lines:
            starts.append(len(told))
            told = f"{told}{_folded(line.text).rstrip()}"
        place = told.find(wanted.rstrip())
        if place < 0:
            return None, None
        last = place + len(wanted) - 1
        covered = [row for row, start in enumerate(starts) if start <= last]
        first = max(row for row in covered if starts[row] <= place)
        return self.lines[first].start, self.lines[covered[-1]].end


def lines_of(dialogue: pl.DataFrame) -> dict[str, list[Line]]:
    """DIALOGUE_SCHEMA -> per video its lines in order of time."""
    lines: dict[str, list[Line]] = {}
    ordered = dialogue.sort("start", maintain_order=True)
    for video_id, start, end, text in ordered.select("video_id", "start", "end", "text").rows():
        lines.setdefault(video_id, []).append(Line(start, end, clean(text)))
    return lines


def sources_of(texts: VideoTexts, row: int, lines: Mapping[str, Sequence[Line]]) -> Sources:
    """What the video in this row says; of very long texts, evenly spread windows."""
    parts = {part: thinned(texts.part(part)[row]) for part in _PARTS}
    return Sources(parts, lines.get(texts.video_ids[row], ()))


def supports_of(topics: Sequence[str], sources: Sources) -> tuple[Support, ...]:
    """For each topic (a word of the video) the first line that says it; dialogue before others."""
    found = (_first(topic, sources) for topic in topics)
    return tuple(support for support in found if support is not None)


def _first(topic: str, sources: Sources) -> Support | None:
    for line in sources.lines:
        if _says(line.text, topic):
            return Support(topic, line.text, "dialogue", line.start, line.end)
    for part in _PARTS:
        for sentence in sentences_of(sources.texts[part]):
            if _says(sentence, topic):
                return Support(topic, sentence, part)
    return None


def _says(sentence: str, topic: str) -> bool:
    return topic in sentence.casefold() and topic in map(folded, tokens_of(sentence))


def _folded(text: str) -> str:
    """Words alone, between single spaces."""
    return " " + " ".join(_LETTERS.findall(text.casefold())) + " "
