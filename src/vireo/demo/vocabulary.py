"""Words of each topic, read from topics/<topic>.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from vireo.demo.scenes import SCENES

TOPICS: tuple[str, ...] = tuple(SCENES)


@dataclass(frozen=True)
class TopicVocabulary:
    """The texts of one topic."""

    films: tuple[tuple[str, str], ...]
    """(title, what the video is about)"""
    tags: tuple[str, ...]
    sentences: tuple[str, ...]
    dialogue: tuple[str, ...]
    comments: tuple[str, ...]


@cache
def vocabulary(topic: str) -> TopicVocabulary:
    """The texts of one of TOPICS."""
    text = (files("vireo.demo") / "topics" / f"{topic}.toml").read_text(encoding="utf-8")
    raw: dict[str, Any] = tomllib.loads(text)
    return TopicVocabulary(
        films=tuple((film["title"], film["about"]) for film in raw["films"]),
        tags=tuple(raw["tags"]),
        sentences=tuple(raw["sentences"]),
        dialogue=tuple(raw["dialogue"]),
        comments=tuple(raw["comments"]),
    )


LUKEWARM = (
    "Not for me, but nicely filmed.",
    "I expected something else from the title.",
    "Too slow for my taste.",
    "A friend sent me this, I do not quite get it.",
)
"""Comments under videos that the user did not like."""

CREATORS = (
    "Harbour Lane",
    "Studio Nine",
    "The Long Way Round",
    "Anna Field",
    "Paper Lantern",
    "North Window",
    "Kettle & Co",
    "Old Town Films",
    "Ravi Explains",
    "Weekend People",
)

NAMES = (
    *("ana", "ben", "clara", "david", "emma", "felix", "grace", "hugo", "iris", "jonas", "katya"),
    *("leo", "mia", "noah", "olga", "paul", "quinn", "rosa", "sam", "tara", "umar", "vera", "will"),
)
"""The first users have names, the others are user-NNN. COLD_START_USER has no events."""
COLD_START_USER = "zoe"
