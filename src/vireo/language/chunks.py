"""Texts -> overlapping chunks of tokens that fit the model, evenly spread over very long texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vireo.language.hf_directory import frame_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_CHUNKS = 16
"""Chunks per text: with 256 tokens each about 3,500 tokens, or 20 minutes of speech."""
MAX_CHARACTERS = 100_000
"""Characters per text that are tokenised: far more than MAX_CHUNKS holds in any script."""

JOINT = "\n"
"""Where something is left out; texts are on one line, so nothing else is spelt like it."""

Chunk = list[int]


class Chunker:
    """Cuts texts into framed chunks of at most `max_tokens` tokens.

    Neighbouring chunks share an eighth, so that no sentence is seen only in halves. A text of
    more than `most` chunks is represented by `most` of them, first and last included, at even
    distances; of a text above MAX_CHARACTERS, evenly spread windows are tokenised.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, most: int = MAX_CHUNKS) -> None:
        self._tokenizer = tokenizer
        self._most = most
        self._before, self._after = frame_of(tokenizer)
        self.body = max(1, max_tokens - len(self._before) - len(self._after))
        self._stride = max(1, self.body - self.body // 8)

    def __call__(self, texts: Sequence[str]) -> list[list[Chunk]]:
        """One list of chunks per text; none for a text without tokens."""
        short = [sampled_windows(text) for text in texts]
        encodings = self._tokenizer.encode_batch(short, add_special_tokens=False)
        return [self._cut(encoding.ids) for encoding in encodings]

    def _cut(self, tokens: list[int]) -> list[Chunk]:
        if not tokens:
            return []
        count = 1 + max(0, -(-(len(tokens) - self.body) // self._stride))
        starts = [row * self._stride for row in spread(count, self._most)]
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


def spread(count: int, most: int) -> list[int]:
    """At most `most` of range(count), at even distances, first and last included."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [count // 2]
    return [(count - 1) * i // (most - 1) for i in range(most)]
