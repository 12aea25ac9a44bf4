"""Token chunks of documents in a memory-mapped file."""

from __future__ import annotations

import array
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from vireo.arrays import Ints
from vireo.language.chunks import sampled_windows
from vireo.language.hf_directory import frame_of
from vireo.pretraining.base import Document

_BATCH_DOCUMENTS = 256  # documents that are tokenized together
_MAX_CHARACTERS = 1_000_000  # of one document: more than a day of speech

Tokens = NDArray[np.int32]


@dataclass(frozen=True)
class TokenChunks:
    """n chunks of tokens in the order of their documents."""

    tokens: Tokens
    """(t,) int32, all chunks concatenated."""
    starts: Ints
    """(n + 1,) offsets of the chunks."""
    videos: tuple[str, ...]
    """(n,) video id of each chunk."""
    kinds: tuple[str, ...]
    """(n,) kind of each chunk's document."""

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, row: int) -> Tokens:
        return self.tokens[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> Ints:
        return np.diff(self.starts)


def pieces_of(
    documents: Iterable[Document], tokenizer: Tokenizer, max_tokens: int, barred: frozenset[int]
) -> TokenChunks:
    """Consecutive framed chunks of at most `max_tokens` tokens.

    A chunk of `barred` tokens alone (such as emoji) is left out.
    """
    before, after = frame_of(tokenizer)
    body = max_tokens - len(before) - len(after)
    starts, videos, kinds = array.array("q", [0]), list[str](), list[str]()
    with tempfile.TemporaryFile() as file:
        for document, ids in tokenised(documents, tokenizer):
            for start in range(0, len(ids), body):
                own = ids[start : start + body]
                if barred.issuperset(own):
                    continue
                file.write(np.array([*before, *own, *after], dtype=np.int32).tobytes())
                starts.append(starts[-1] + len(own) + len(before) + len(after))
                videos.append(document.video_id)
                kinds.append(document.kind)
        tokens = mapped(file, starts[-1])
    return TokenChunks(tokens, np.array(starts, dtype=np.int64), tuple(videos), tuple(kinds))


def tokenised(
    documents: Iterable[Document], tokenizer: Tokenizer
) -> Iterator[tuple[Document, list[int]]]:
    """Each document with its tokens, without special ones."""
    waiting = iter(documents)
    while some := list(islice(waiting, _BATCH_DOCUMENTS)):
        texts = [sampled_windows(document.text, _MAX_CHARACTERS) for document in some]
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        for document, encoding in zip(some, encodings, strict=True):
            yield document, encoding.ids


def mapped(file: IO[bytes], count: int) -> Tokens:
    """(count,) int32 of an open file, memory-mapped; readable after the file is closed."""
    file.flush()
    if not count:
        return np.zeros(0, dtype=np.int32)  # an empty file cannot be mapped
    return np.memmap(file, dtype=np.int32, mode="r", shape=(count,))
