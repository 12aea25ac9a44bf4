"""Encoding by the workers of an engine, each of which keeps the model loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vireo.arrays import Floats
from vireo.engine.base import Engine
from vireo.errors import StageFailed
from vireo.language.base import LanguageSection
from vireo.language.encoder import Encoder


@dataclass(frozen=True)
class Encode:
    """Texts -> vectors, in whichever process this is called: (n,) -> (n, dimension) unit rows."""

    directory: Path
    section: LanguageSection
    cache: Path

    def __call__(self, texts: Sequence[str]) -> Floats:
        return self._model.encode(texts)

    @cached_property
    def _model(self) -> Encoder:
        return Encoder(self.directory, self.section, self.cache)


class DistributedEncoder(Encoder):
    """An Encoder whose blocks go to the workers of an engine, where there is more than one block.

    The directory and the cache (with the exported network) must lie where all nodes reach them. On
    ONNX Runtime the vectors are those of one process, byte for byte; on torch the last digits
    depend on how many threads a process has.
    """

    def __init__(
        self, directory: Path, section: LanguageSection, cache: Path, engine: Engine
    ) -> None:
        super().__init__(directory, section, cache)
        self._engine = engine
        self._work = Encode(directory, section, cache)

    def encoded(self, blocks: Sequence[Sequence[str]]) -> Iterator[Floats]:
        if len(blocks) < 2:  # a question at serving, say: not worth the start of workers
            yield from super().encoded(blocks)
            return
        for outcome in self._engine.map(self._work, blocks):
            if outcome.value is None:
                raise StageFailed(
                    f"A worker could not read {len(blocks[outcome.index])} texts: {outcome.error}.",
                    "What was read is kept: build again, or set engine.name = 'processes'.",
                )
            yield outcome.value


def encoder(directory: Path, section: LanguageSection, cache: Path, engine: Engine) -> Encoder:
    """Encoder of a directory, distributed where the engine has workers on other machines."""
    if engine.distributed:
        return DistributedEncoder(directory, section, cache, engine)
    return Encoder(directory, section, cache)
