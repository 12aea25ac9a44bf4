"""CachedEncoder: text embeddings through a cache, each text computed once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vireo.arrays import Floats
from vireo.engine.progress import NullProgress, Progress
from vireo.errors import VireoError
from vireo.language.cache import VectorCache, key_of
from vireo.language.texts import clean

_BLOCK_TEXTS = 2048
_BLOCK_CHARACTERS = 500_000


class CachedEncoder(ABC):
    """A LanguageModel that gives vectors alone and keeps them by model and text.

    Texts are encoded in blocks, each of which is in the cache before the next begins: a kill loses
    one block. Subclasses say how texts become vectors, and what the vectors depend on.
    """

    can_generate = False
    fingerprint: str
    name: str
    """For people, such as the name of a directory."""

    def __init__(self, cache: Path) -> None:
        self._cache = VectorCache(cache / "vectors.sqlite")

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Of the vectors."""

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Floats:
        """(n,) clean texts, none of them empty -> (n, dimension) unit rows."""

    def encoded(self, blocks: Sequence[Sequence[str]]) -> Iterator[Floats]:
        """The vectors of each block in turn."""
        return map(self.encode, blocks)

    def prepare(self, count: int) -> None:
        """Called before `count` unknown texts are encoded."""
        return

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """(n,) texts -> (n, dimension) float32 rows of length 1; an empty text gives zeros."""
        cleaned = [clean(text) for text in texts]
        keys = [key_of(text) for text in cleaned]
        asked = {key: text for key, text in zip(keys, cleaned, strict=True) if text}
        known = self._cache.get(self.fingerprint, asked)
        missing = {key: text for key, text in asked.items() if key not in known}
        if missing:
            self.prepare(len(missing))
        with (progress or NullProgress()).task("reading texts", len(missing)) as tick:
            blocks = list(_blocks(missing))
            every = self.encoded([[missing[key] for key in block] for block in blocks])
            for block, rows in zip(blocks, every, strict=True):
                fresh = dict(zip(block, rows, strict=True))
                self._cache.put(self.fingerprint, fresh)
                known |= fresh
                tick(len(block))
        vectors = np.zeros((len(keys), self.dimension), dtype=np.float32)
        for row, key in enumerate(keys):
            if key in known:
                vectors[row] = known[key]
        return vectors

    def generate(self, prompt: str, schema: Mapping[str, Any] | None = None) -> str:
        raise VireoError(
            f"The language model {self.name} gives vectors, it cannot write text.",
            "Ask for it only where can_generate is true.",
        )


def _blocks(texts: Mapping[bytes, str]) -> Iterator[list[bytes]]:
    """Keys in blocks that are encoded and cached together, longest texts first.

    Longest first: texts of like length share a block, and what is left goes ever faster.
    """
    block: list[bytes] = []
    characters = 0
    for key in sorted(texts, key=lambda key: (-len(texts[key]), key)):
        block.append(key)
        characters += len(texts[key])
        if len(block) >= _BLOCK_TEXTS or characters >= _BLOCK_CHARACTERS:
            yield block
            block, characters = [], 0
    if block:
        yield block
