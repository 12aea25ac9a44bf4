"""Texts -> unit vectors, by the encoder of a Hugging Face directory: chunks, batches, mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints, unit_rows
from vireo.engine.progress import Progress, Quiet
from vireo.errors import VireoError
from vireo.language.base import LanguageSection
from vireo.language.cache import VectorCache, key_of
from vireo.language.chunks import MAX_CHUNKS, Chunk, Chunker
from vireo.language.directory import (
    fingerprint_of,
    load_network,
    load_tokenizer,
    room_of,
    settings_of,
    weights_of,
)
from vireo.language.precision import resolved
from vireo.language.texts import clean

_BLOCK_TEXTS = 2048
_BLOCK_CHARACTERS = 500_000
_METHOD = "masked mean, unit length, 1"  # part of the fingerprint: change it with the arithmetic


class Encoder:
    """Sentence vectors by masked mean pooling (Reimers and Gurevych 2019), on the CPU.

    A text longer than `max_tokens` is cut into overlapping chunks, at most `most_chunks` of
    them and evenly spread, whose unit vectors are averaged with their tokens as weights. Vectors
    are cached by model and text, and the network is loaded when the first unknown text comes. The
    companions in a batch change a vector in its seventh digit at most, in bfloat16 in its third.
    """

    can_generate = False

    def __init__(self, directory: Path, section: LanguageSection, cache: Path) -> None:
        """Raises InputError when the directory holds no model that reads text."""
        weights_of(directory)
        settings = settings_of(directory)
        self.directory = directory
        self.dimension: int = settings["hidden_size"]
        self._max_tokens = room_of(settings, section.max_tokens)
        self._batch_tokens = section.batch_tokens
        self._most_chunks = section.most_chunks
        self._cache = VectorCache(cache / "vectors.sqlite")
        self._precision = resolved(section.precision)
        method = f"{_METHOD}, {self._max_tokens}"
        if self._most_chunks != MAX_CHUNKS:
            method += f", {self._most_chunks} chunks"
        if self._precision != "float32":
            method += f", {self._precision}"
        self.fingerprint = fingerprint_of(directory, method)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """(n,) texts -> (n, dimension) float32 rows of length 1; an empty text gives zeros."""
        cleaned = [clean(text) for text in texts]
        keys = [key_of(text) for text in cleaned]
        asked = {key: text for key, text in zip(keys, cleaned, strict=True) if text}
        known = self._cache.get(self.fingerprint, asked)
        missing = {key: text for key, text in asked.items() if key not in known}
        with (progress or Quiet()).task("reading texts", len(missing)) as tick:
            for block in _blocks(missing):
                rows = self._encode([missing[key] for key in block])
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
            f"The language model {self.directory.name} gives vectors, it cannot write text.",
            "Ask for it only where can_generate is true.",
        )

    def run(self, ids: Ints, mask: Bools) -> Floats:
        """One batch through the network. ids, mask (b, t) -> (b, dimension) masked means."""
        import torch

        with torch.inference_mode():
            there = torch.from_numpy(mask)
            states = self._network(
                input_ids=torch.from_numpy(ids), attention_mask=there.long()
            ).last_hidden_state.float()  # (b, t, d)
            weight = there.unsqueeze(-1).float()
            means = (states * weight).sum(1) / weight.sum(1)  # (b, d)
        vectors: Floats = means.numpy()
        return vectors

    def _encode(self, texts: Sequence[str]) -> Floats:
        """(n,) texts -> (n, dimension) unit rows."""
        cut = self._chunker(texts)
        owner = np.repeat(np.arange(len(texts)), [len(chunks) for chunks in cut])
        chunks = [chunk for of_text in cut for chunk in of_text]
        total = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for rows in _batches([len(chunk) for chunk in chunks], self._batch_tokens):
            batch = [chunks[row] for row in rows]
            vectors = unit_rows(self.run(*_padded(batch)))
            lengths = np.array([len(chunk) for chunk in batch], dtype=np.float32)
            np.add.at(total, owner[rows], vectors * lengths[:, None])
        return unit_rows(np.nan_to_num(total))

    @cached_property
    def _chunker(self) -> Chunker:
        return Chunker(load_tokenizer(self.directory), self._max_tokens, self._most_chunks)

    @cached_property
    def _network(self) -> Any:
        import torch

        network = load_network(self.directory)
        return network.to(torch.bfloat16) if self._precision == "bfloat16" else network


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


def _batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Row numbers sorted by length, in batches of at most `budget` tokens with their padding.

    Sorting matters: padding mixed lengths to the longest costs 2.8 times as much.
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        # the first of a batch is its longest
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _padded(chunks: Sequence[Chunk]) -> tuple[Ints, Bools]:
    """Chunks -> ids (b, t), zero where there is padding, and mask (b, t)."""
    lengths = np.array([len(chunk) for chunk in chunks])
    ids = np.zeros((len(chunks), int(lengths.max())), dtype=np.int64)
    mask = np.arange(ids.shape[1]) < lengths[:, None]
    ids[mask] = np.concatenate([np.asarray(chunk) for chunk in chunks])
    return ids, mask
