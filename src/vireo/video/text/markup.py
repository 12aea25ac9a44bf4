"""Markup of subtitles -> plain text: tags, entities, ASS overrides and drawings."""

from __future__ import annotations

import html
import re

from pysubs2 import SSAEvent
from pysubs2.formats.substation import parse_tags

MAX_CHARACTERS = 1_000
"""Characters of a line."""

WORD_TIME = r"<(?:\d{1,4}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}>"
"""Pattern of the time of a word in WebVTT."""
_MARKUP = re.compile(
    r"</?(?:b|i|u|s|em|strong|ruby|rt)(?:\.[^<>\s]{0,100})?\s*>"  # SubRip, WebVTT, HTML
    r"|</?(?:c|v|lang|font|span)(?:[.\s][^<>]{0,200})?>"  # tags with a class or annotation
    rf"|{WORD_TIME}"
    r"|\{\\[^{}]{0,400}\}",  # ASS overrides, which SubRip files hold as well
    re.IGNORECASE,
)
_DRAWING = re.compile(r"\\p[1-9]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def plain_text(text: str) -> str:
    """One line without markup and control characters, at most MAX_CHARACTERS.

    Only tags of subtitle formats are markup: `x < y` and `vector<int>` are text, and so is a tag
    written with entities.
    """
    text = html.unescape(_MARKUP.sub("", _BREAK.sub(" ", text)))
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:MAX_CHARACTERS]


def ass_text(text: str) -> str:
    """Text of an ASS event without overrides, comments and vector drawings; rows by newline."""
    if _DRAWING.search(text):
        # cut first, since the time of `parse_tags` is quadratic in the number of overrides
        parts = parse_tags(text[:MAX_CHARACTERS])
        text = "".join(part for part, style in parts if not style.drawing)
    return SSAEvent(text=text).plaintext
