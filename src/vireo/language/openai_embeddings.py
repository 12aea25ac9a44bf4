"""openai: embeddings from any server with /v1/embeddings, of any width."""

from __future__ import annotations

import hashlib
import json
import math
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from vireo.arrays import Floats, unit_rows
from vireo.engine.base import Context
from vireo.errors import ConfigError, VireoError
from vireo.language.base import LanguageModel, LanguageSection
from vireo.language.cache import key_of
from vireo.language.cached_encoder import CachedEncoder
from vireo.language.chunks import window_starts
from vireo.language.encoder import Encoder
from vireo.language.openai_client import (
    PermanentError,
    RetryableError,
    UnsupportedFormatError,
    body_of,
    call_with_retries,
    client,
)

_MAX_PIECES = 64
"""Pieces of text in one request."""
_CHARACTERS_PER_TOKEN = 4
"""Estimate; the server's tokenizer is unknown."""
_MAX_BYTES = 64 * 1024 * 1024
_PROBE = "width"


def load(
    section: LanguageSection, context: Context, model_dir: Path | None = None
) -> LanguageModel:
    """The model at a server; raises ConfigError where the address or the name is missing."""
    if model_dir is not None:
        return Encoder(model_dir, section, context.cache)
    place = urlsplit(section.base_url)
    if place.scheme not in ("http", "https") or not place.hostname or not section.name:
        raise ConfigError(
            f'language.model = "openai" needs base_url (now {section.base_url!r}) and name '
            f"(now {section.name!r}).",
            'Set both, such as base_url = "http://localhost:11434/v1" and name = "all-minilm".',
        )
    return EmbeddingServer(section, context.cache)


class EmbeddingServer(CachedEncoder):
    """One embedding model of one server.

    Titles, descriptions, tags and dialogue are sent to it, and sentences that are searched for;
    redirects are not followed. A text longer than `max_tokens` (four characters each) is cut into
    overlapping pieces, at most `max_chunks` of them, whose unit vectors are averaged by length.
    There is no second model to fall back to, because vectors of two models do not compare: what
    fails raises VireoError, and what was read so far is kept.
    """

    def __init__(self, section: LanguageSection, cache: Path) -> None:
        super().__init__(cache)
        self._section = section
        self.name = f"{section.name} at {urlsplit(section.base_url).netloc.rpartition('@')[2]}"
        identity = [section.base_url, section.name, section.max_tokens, section.max_chunks, 1]
        self.fingerprint = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self._client = client(section)
        weakref.finalize(self, self._client.close)  # no connection outlives the one who asks

    @cached_property
    def dimension(self) -> int:
        """Asked once, with a short text; the cache keeps the answer."""
        key = key_of(_PROBE)
        known = self._cache.get(self.fingerprint, [key])
        if key in known:
            return len(known[key])
        (vector,) = unit_rows(self._asked([_PROBE]))
        self._cache.put(self.fingerprint, {key: vector})
        return len(vector)

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n,) texts -> (n, dimension) unit rows."""
        cut = [self._pieces(text) for text in texts]
        owner = np.repeat(np.arange(len(texts)), [len(pieces) for pieces in cut])
        pieces = [piece for of_text in cut for piece in of_text]
        total = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(pieces), _MAX_PIECES):
            some = pieces[start : start + _MAX_PIECES]
            vectors = self._asked(some)
            if vectors.shape[1] != self.dimension:
                raise self._failed(
                    f"its vectors have {vectors.shape[1]} numbers, before they had {self.dimension}"
                )
            lengths = np.array([len(piece) for piece in some], dtype=np.float32)
            rows = owner[start : start + _MAX_PIECES]
            np.add.at(total, rows, unit_rows(vectors) * lengths[:, None])
        return unit_rows(total)

    def _pieces(self, text: str) -> list[str]:
        size = self._section.max_tokens * _CHARACTERS_PER_TOKEN
        starts = window_starts(len(text), size, self._section.max_chunks)
        return [text[start : start + size] for start in starts]

    def _asked(self, pieces: Sequence[str]) -> Floats:
        """One request. (n,) pieces -> (n, d). Raises VireoError with what the server said."""
        create = self._client.embeddings.with_streaming_response.create

        def once() -> Floats:
            body = body_of(
                lambda: create(
                    model=self._section.name, input=list(pieces), encoding_format="float"
                ),
                self._section.timeout_seconds,
                _MAX_BYTES,
            )
            return _read(body, len(pieces))

        try:
            return call_with_retries(once, self._section.retries)
        except (RetryableError, UnsupportedFormatError, PermanentError) as error:
            raise self._failed(str(error)) from None

    def _failed(self, why: str) -> VireoError:
        return VireoError(
            f"The language model {self.name} gave no vectors: {why}.",
            "Start the server or mend base_url and name under [language], then build again: what "
            'was read is kept. Or set language.model = "minilm".',
        )


def _read(body: bytes, count: int) -> Floats:
    """The vectors of an answer, by their indexes; raises RetryableError for an invalid one."""
    try:
        rows: list[Any] = json.loads(body.decode("utf-8", "replace"))["data"]
        placed = {int(row["index"]): row["embedding"] for row in rows}
        vectors = np.array([placed[row] for row in range(count)], dtype=np.float32)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        raise RetryableError(f"what it sent are no embeddings: {body[:80]!r}") from None
    if vectors.ndim != 2 or not vectors.shape[1] or not math.isfinite(float(vectors.sum())):
        raise RetryableError(f"what it sent are no vectors of finite numbers: {body[:80]!r}")
    return vectors
