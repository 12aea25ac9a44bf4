"""Cache of LLM answers by model and prompt, one SQLite file; safe to delete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path

from vireo.language.cache import opened
from vireo.language.generate.base import Prompt, Shape
from vireo.language.generate.messages import messages_of

_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    prompt BLOB PRIMARY KEY, answer TEXT NOT NULL
) WITHOUT ROWID"""


class ResponseCache:
    """prompt key -> the checked answer as JSON. A kill loses no answer that came before it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, keys: Collection[bytes]) -> dict[bytes, str]:
        """The known answers among `keys`; the others are absent."""
        known: dict[bytes, str] = {}
        with opened(self.path, _TABLE) as connection:
            for key in keys:
                query = "SELECT answer FROM answers WHERE prompt = ?"
                for (answer,) in connection.execute(query, (key,)):
                    known[key] = answer
        return known

    def put(self, answers: Mapping[bytes, str]) -> None:
        with opened(self.path, _TABLE) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", answers.items())


def key_of(prompt: Prompt[Shape], fingerprint: str) -> bytes:
    """Key of an answer: model, purpose, version, and every word of the request."""
    messages = messages_of(prompt)
    whole = [fingerprint, prompt.purpose, prompt.version, messages.system, messages.user]
    return hashlib.sha256(json.dumps(whole).encode()).digest()
