"""Text embeddings by a local encoder: chunks, batches sorted by length, mean pooling."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from vireo.arrays import Bools, Floats, Ints, unit_rows
from vireo.errors import InputError
from vireo.language import onnx_network as onnx
from vireo.language.base import LanguageSection
from vireo.language.cached_encoder import CachedEncoder
from vireo.language.chunks import MAX_CHUNKS, Chunker, padded
from vireo.language.hf_directory import (
    fingerprint_of,
    load_tokenizer,
    max_tokens_of,
    settings_of,
    weights_of,
)
from vireo.language.precision import resolved
from vireo.language.torch_network import TorchNetwork

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LOG = logging.getLogger("vireo.language")
_METHOD = "masked mean, unit length, 1"  # part of the fingerprint: change it with the arithmetic
_MIN_EXPORT_TEXTS = 500
"""Uncached texts from which on the export saves time; it costs as much as 500 short texts."""


class TextNetwork(Protocol):
    """A network of a text encoder, on torch or on ONNX Runtime."""

    def __call__(self, ids: Ints, mask: Bools) -> Floats:
        """ids, mask (b, t) -> (b, d) masked means, of any length."""
        ...


class LocalEncoder(CachedEncoder):
    """Sentence vectors by a network that runs here, on the processor.

    A text longer than `max_tokens` is cut into overlapping chunks, at most `max_chunks` of
    them and evenly spread, whose unit vectors are averaged with their tokens as weights. The
    companions in a batch change a vector in its seventh digit at most, in bfloat16 in its third.
    """

    def __init__(self, section: LanguageSection, cache: Path, max_tokens: int) -> None:
        super().__init__(cache)
        self._batch_tokens = section.batch_tokens
        self._max_tokens = max_tokens
        self._max_chunks = section.max_chunks

    @property
    @abstractmethod
    def network(self) -> TextNetwork:
        """The network; loaded on first use."""

    @abstractmethod
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""

    def run(self, ids: Ints, mask: Bools) -> Floats:
        """One batch through the network. ids, mask (b, t) -> (b, dimension) masked means."""
        return self.network(ids, mask)

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n,) texts -> (n, dimension) unit rows."""
        cut = self._chunker(texts)
        owner = np.repeat(np.arange(len(texts)), [len(chunks) for chunks in cut])
        chunks = [chunk for of_text in cut for chunk in of_text]
        total = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for rows in _batches([len(chunk) for chunk in chunks], self._batch_tokens):
            batch = [chunks[row] for row in rows]
            vectors = unit_rows(self.run(*padded(batch)))
            lengths = np.array([len(chunk) for chunk in batch], dtype=np.float32)
            np.add.at(total, owner[rows], vectors * lengths[:, None])
        return unit_rows(np.nan_to_num(total))

    def method(self) -> str:
        """Settings that change the embeddings, beside the weights."""
        chunks = "" if self._max_chunks == MAX_CHUNKS else f", {self._max_chunks} chunks"
        return f"{_METHOD}, {self._max_tokens}{chunks}"

    @cached_property
    def _chunker(self) -> Chunker:
        return Chunker(self.tokenizer(), self._max_tokens, self._max_chunks)


class Encoder(LocalEncoder):
    """The encoder of a Hugging Face directory, by masked mean pooling (Reimers and Gurevych 2019).

    In float32 it runs on ONNX Runtime once it was exported into the cache, which happens when 500
    texts are to be read at once (or always, with `runtime = "onnx"`): from then on torch is not
    loaded. The two give vectors with cosines above 0.99999, so they share the fingerprint.
    """

    def __init__(self, directory: Path, section: LanguageSection, cache: Path) -> None:
        """Raises InputError when the directory holds no model that reads text."""
        weights_of(directory)
        settings = settings_of(directory)
        super().__init__(section, cache, max_tokens_of(settings, section.max_tokens))
        self.directory = directory
        self.name = directory.name
        self._width: int = settings["hidden_size"]
        self._precision = resolved(section.precision)
        self._runtime = section.runtime
        kind = "" if self._precision == "float32" else f", {self._precision}"
        self.fingerprint = fingerprint_of(directory, self.method() + kind)
        weights = fingerprint_of(directory, onnx.METHOD)[:32]
        self._exported = cache / "onnx" / f"{weights}{kind.replace(', ', '-')}.onnx"

    @property
    def dimension(self) -> int:
        return self._width

    def prepare(self, count: int) -> None:
        """Export the network if many texts make it pay."""
        required = self._runtime == "onnx" or self._precision == "int8"
        pays = self._precision == "float32" and count >= _MIN_EXPORT_TEXTS
        if self._runtime == "torch" or not (required or pays) or self._exported.exists():
            return
        try:
            onnx.export(self.directory, self._exported, int8=self._precision == "int8")
        except onnx.NotExported:
            if required:  # else torch does as well
                raise

    @cached_property
    def network(self) -> TextNetwork:
        if self._runtime != "torch" and self._exported.exists():
            try:
                return onnx.OnnxNetwork(self._exported)
            except InputError as error:
                LOG.warning("%s It is exported again.", error.what)
                self._exported.unlink(missing_ok=True)
                self.prepare(_MIN_EXPORT_TEXTS)
                if self._exported.exists():
                    return onnx.OnnxNetwork(self._exported)
        return TorchNetwork(self.directory, half=self._precision == "bfloat16")

    def tokenizer(self) -> Tokenizer:
        return load_tokenizer(self.directory)


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
