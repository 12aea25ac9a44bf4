"""Parser of stated preferences: "less horror", "more slow documentaries", "no Ann Example".

The language is English; a sentence without one of the words below asks for more of what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vireo.arrays import Floats
from vireo.recommend.base import ParsedPreference
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.rules.blocklist import carrying
from vireo.store.base import Preference

LESS, MORE, NONE = -1.0, 1.0, -2.0
MUCH = 2.0
_POLITE = re.compile(
    r"^(?:please|and|but|show me|give me|i want(?: to see)?|i(?:'d| would) like(?: to see)?)\b\s*"
)
_MUCH = r"(?P<much>much|a lot|far|way)?\s*"
_OF = r"\s+(?:of\s+|about\s+|with\s+|from\s+|by\s+|me\s+)*"
_PATTERNS = (
    (NONE, r"(?:no more|no|never|nothing|without|block|hide|stop showing|(?:don't|do not) show)"),
    (LESS, r"(?:less|fewer|not so much|not so many|not)"),
    (MORE, r"(?:more|(?:i )?(?:like|love))"),
)
_READERS = tuple(
    (strength, re.compile(rf"{_MUCH}{words}{_OF}(?P<what>.+)", re.IGNORECASE))
    for strength, words in _PATTERNS
)
_BARE = re.compile(
    rf"(?:(?:much|a lot|far|way)\s+)?(?:{'|'.join(words for _, words in _PATTERNS)})", re.IGNORECASE
)
"""A word that asks for more or less, and does not say of what."""
_PARTS = re.compile(r"[,;.!\n]+|\bbut\b", re.IGNORECASE)
_THIS = re.compile(r"(?:videos? )?(?:like )?(?:this|these|that|it)(?: one| video| kind)?", re.I)


@dataclass(frozen=True)
class Clause:
    """One part of a sentence: how much more or less of what."""

    strength: float
    what: str
    never: bool = False
    """Whether it says "no", and not "much less"."""

    @property
    def is_this(self) -> bool:
        """Whether it points at a video instead of naming something."""
        return bool(_THIS.fullmatch(self.what))


def clauses(sentence: str) -> Iterator[Clause]:
    """The parts of a sentence that ask for something."""
    for part in _PARTS.split(sentence):
        text = part.strip()
        while polite := _POLITE.match(text.lower()):
            text = text[polite.end() :]
        if text:
            yield _clause(text)


def unclear(sentence: str, video_id: str) -> str:
    """Question about an ambiguous text; empty if it can be parsed."""
    for clause in clauses(sentence):
        if clause.is_this and not video_id:
            return f"which video is “{clause.what}”"
        if _BARE.fullmatch(clause.what):
            return f"“{clause.what}” of what"
    return ""


def _clause(text: str) -> Clause:
    for strength, pattern in _READERS:
        if match := pattern.fullmatch(text):
            much = MUCH if match.group("much") else 1.0
            what = match.group("what").strip(" '\"“”")
            return Clause(strength * much, what, strength == NONE)
    return Clause(MORE, text)


def parse_preferences(
    edits: list[Preference], catalogue: Catalogue, read: Callable[[str], Floats] | None
) -> tuple[ParsedPreference, ...]:
    """Parsed preferences of a user's texts; `read` embeds words, if the catalogue has text.

    "no X" blocks, where X is exactly a creator, a topic, a category or a tag; else it is a strong
    "less X". "this" is the video that the edit names.
    """
    return tuple(
        _wish(edit, clause, catalogue, read) for edit in edits for clause in clauses(edit.text)
    )


def _wish(
    edit: Preference, clause: Clause, catalogue: Catalogue, read: Callable[[str], Floats] | None
) -> ParsedPreference:
    rows = catalogue.rows_of([edit.video_id] if clause.is_this else []).tolist()
    if rows:
        return ParsedPreference(edit.text, clause.strength, video=rows[0])
    if clause.never and carrying(catalogue, [clause.what]).any():
        return ParsedPreference(edit.text, clause.strength, blocks=clause.what)
    return ParsedPreference(
        edit.text, clause.strength, read(clause.what) if read else None, words=clause.what
    )
