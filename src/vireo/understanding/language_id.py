"""Language identification (ISO 639-1); empty if unclear."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_READ = 1000
"""Characters that are looked at: more make it slower, not surer."""
_MIN_LETTERS = 20
"""Of scripts that many languages share; a Greek or Korean word is enough to know."""
_SURE = 0.7
_NO_LANGUAGE = "zxx"
_SHARED = re.compile(r"[a-z\u00c0-\u024f\u0400-\u052f\u0600-\u06ff]", re.IGNORECASE)
"""Latin, Cyrillic and Arabic letters, which dozens of languages share."""


def language_of(*texts: str) -> str:
    """The language of the texts together, such as "en"; empty for too few letters or doubt.

    Byte n-grams and naive Bayes over about 140 languages (Lui and Baldwin 2012), through
    `py3langid`, whose model is part of its package: offline, and always the same answer.
    """
    text = " ".join(filter(None, texts))[:_READ]
    letters = [letter for letter in text if letter.isalpha()]
    shared = sum(1 for letter in letters if _SHARED.match(letter))
    if not letters or (shared > len(letters) / 2 and len(letters) < _MIN_LETTERS):
        return ""
    name, sure = _identifier().classify(text)
    return str(name) if sure >= _SURE and name != _NO_LANGUAGE else ""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
