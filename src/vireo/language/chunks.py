"""Overlapping chunks of tokens, evenly spaced over very long texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.language.hf_directory import frame_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_CHUNKS = 16
"""Chunks per text: with 256 tokens each about 3,500 tokens, or 20 minutes of speech."""
MAX_CHARACTERS = 100_000
"""Characters per text that are tokenized: far more than MAX_CHUNKS holds in any script."""

JOINT = "\n"
"""Where something is left out; texts are on one line, so nothing else is spelt like it."""

Chunk = list[int]


class Chunker:
    """Cuts texts into at most `most` framed chunks of `max_tokens` tokens; see `window_starts`.

    Of a text above MAX_CHARACTERS, evenly spaced windows are tokenized.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, most: int = MAX_CHUNKS) -> None:
        self._tokenizer = tokenizer
        self._most = most
        self._before, self._after = frame_of(tokenizer)
        self.body = max(1, max_tokens - len(self._before) - len(self._after))

    def __call__(self, texts: Sequence[str]) -> list[list[Chunk]]:
        """One list of chunks per text; none for a text without tokens."""
        short = [sampled_windows(text) for text in texts]
        encodings = self._tokenizer.encode_batch(short, add_special_tokens=False)
        return [self._cut(encoding.ids) for encoding in encodings]

    def _cut(self, tokens: list[int]) -> list[Chunk]:
        if not tokens:
            return []
        starts = window_starts(len(tokens), self.body, self._most)
        return [
            [*self._before, *tokens[start : start + self.body], *self._after] for start in starts
        ]


def sampled_windows(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """The text, or `MAX_CHUNKS` evenly spread windows with `max_characters` in total.

    Words that a window would cut in two are left out. JOINT stands between two windows.
    """
    if len(text) <= max_characters:
        return text
    width = max_characters // MAX_CHUNKS
    starts = [(len(text) - width) * i // (MAX_CHUNKS - 1) for i in range(MAX_CHUNKS)]
    return JOINT.join(_whole_words(text, start, start + width) for start in starts)


def _whole_words(text: str, start: int, end: int) -> str:
    window = text[start:end]
    if start > 0 and text[start - 1] != " " and " " in window:
        window = window[window.index(" ") + 1 :]
    if end < len(text) and text[end] != " " and " " in window:
        window = window[: window.rindex(" ")]
    return window


def window_starts(length: int, size: int, most: int) -> list[int]:
    """Starts of at most `most` evenly spaced windows; neighbors overlap by an eighth."""
    stride = max(1, size - size // 8)
    count = 1 + max(0, -(-(length - size) // stride))
    return [row * stride for row in spread(count, most)]


def padded(chunks: Sequence[Any]) -> tuple[Ints, Bools]:
    """Chunks -> ids (b, t) int64, 0 on padding; mask (b, t), False on padding."""
    lengths = np.array([len(chunk) for chunk in chunks])
    ids = np.zeros((len(chunks), int(lengths.max())), dtype=np.int64)
    mask = np.arange(ids.shape[1]) < lengths[:, None]
    ids[mask] = np.concatenate([np.asarray(chunk) for chunk in chunks])
    return ids, mask


def spread(count: int, most: int) -> list[int]:
    """At most `most` of range(count), at even distances, first and last included."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [count // 2]
    return [(count - 1) * i // (most - 1) for i in range(most)]
