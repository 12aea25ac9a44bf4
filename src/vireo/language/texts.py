"""Texts of each video: title, description, tags, on-screen text, dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import polars as pl

PARTS = ("title", "description", "tags", "screen", "dialogue")
"""The names of the parts, in the order in which they are shown; what is said comes last."""

SCREEN = "screen"
"""The source of lines that were read from pictures; others are said."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


@dataclass(frozen=True)
class VideoTexts:
    """Five texts per video, in the catalogue's order; a missing text is the empty string."""

    video_ids: tuple[str, ...]
    title: tuple[str, ...]
    """Empty where the title only repeats the id: an id is not something that was said."""
    description: tuple[str, ...]
    tags: tuple[str, ...]
    """Tags and category joined with commas; entries without a letter (numeric ids) are left out."""
    dialogue: tuple[str, ...]
    """The transcript; the subtitles where there is no transcript."""
    screen: tuple[str, ...]
    """Text read from its pictures (OCR)."""

    def __len__(self) -> int:
        return len(self.video_ids)

    def part(self, name: str) -> tuple[str, ...]:
        """One of PARTS by name: n texts."""
        texts: dict[str, tuple[str, ...]] = {
            "title": self.title,
            "description": self.description,
            "tags": self.tags,
            "dialogue": self.dialogue,
            "screen": self.screen,
        }
        return texts[name]

    def parts_of(self, most: int) -> Iterator[VideoTexts]:
        """Slices of at most `most` videos; at least one slice."""
        columns = [getattr(self, one.name) for one in fields(self)]
        for start in range(0, max(len(self), 1), most):
            yield VideoTexts(*(column[start : start + most] for column in columns))

    def sources(self, row: int) -> tuple[str, ...]:
        """Which parts of video `row` have a text."""
        return tuple(name for name in PARTS if self.part(name)[row])


def clean(text: str | None) -> str:
    """The same words on one line: control characters and runs of space become one space.

    Lone surrogates, which no encoder takes, become question marks.
    """
    if not text:
        return ""
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode("utf-8")).strip()


def query_texts(sentences: Sequence[str]) -> VideoTexts:
    """Sentences that someone typed, as videos that have a title alone."""
    titles = tuple(clean(sentence) for sentence in sentences)
    none = ("",) * len(titles)
    return VideoTexts(tuple(map(str, range(len(titles)))), titles, none, none, none, none)


def texts_of(videos: pl.DataFrame, dialogue: pl.DataFrame) -> VideoTexts:
    """The texts of each row of `videos` (VIDEO_SCHEMA), with what DIALOGUE_SCHEMA's lines tell."""
    ids: list[str] = videos["video_id"].to_list()
    titles = [clean(text) for text in videos["title"]]
    shown = pl.col("source") == SCREEN
    spoken, read = _in_order(dialogue.filter(~shown)), _in_order(dialogue.filter(shown))
    transcripts = [clean(text) for text in videos["transcript"]]
    return VideoTexts(
        video_ids=tuple(ids),
        title=tuple(
            "" if title == clean(id_) else title for id_, title in zip(ids, titles, strict=True)
        ),
        description=tuple(clean(text) for text in videos["description"]),
        tags=tuple(
            _joined([*(tags if tags is not None else ()), category])
            for tags, category in zip(videos["tags"], videos["category"], strict=True)
        ),
        dialogue=tuple(
            text or spoken.get(id_, "") for id_, text in zip(ids, transcripts, strict=True)
        ),
        screen=tuple(read.get(id_, "") for id_ in ids),
    )


def _joined(words: Iterable[str | None]) -> str:
    cleaned = (clean(word) for word in words)
    return ", ".join(dict.fromkeys(word for word in cleaned if any(map(str.isalpha, word))))


def _in_order(dialogue: pl.DataFrame) -> dict[str, str]:
    """video_id -> its lines in order of time, as one text."""
    lines: dict[str, list[str]] = {}
    # a stable sort: lines of the same instant keep the order of the file
    rows: Sequence[tuple[str, str]] = (
        dialogue.sort("start", maintain_order=True).select("video_id", "text").rows()
    )
    for video_id, text in rows:
        lines.setdefault(video_id, []).append(clean(text))
    return {video_id: " ".join(filter(None, said)) for video_id, said in lines.items()}
