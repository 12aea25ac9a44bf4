"""The seam of the language room: LanguageModel (embed, generate)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import Field

from vireo.arrays import Floats
from vireo.engine.progress import Progress
from vireo.language.generate.base import GenerationSection
from vireo.language.precision import Precision
from vireo.settings import Section


class LanguageSection(Section):
    """`[language]`: the language model that reads titles, descriptions, dialogue, comments."""

    # what a model writes matters to the stage that asks it, which names that section by itself
    outside_recipe: ClassVar[frozenset[str]] = frozenset({"generation", "batch_tokens"})
    model: str = "minilm"
    """`minilm` (embedded, needs no network), or `hub` with `path`."""
    path: str = ""
    """For `hub`: a Hugging Face directory, or a name (needs a network)."""
    batch_tokens: int = Field(default=4096, ge=1)
    """Tokens per batch: texts are sorted by length, so a batch holds many short or few long."""
    max_tokens: int = Field(default=256, ge=16)
    """Longer texts are cut into overlapping chunks, whose vectors are averaged."""
    most_chunks: int = Field(default=16, ge=1)
    """Chunks of a long text that are read, evenly spread; fewer read long dialogue faster."""
    precision: Precision = "auto"
    """`float32`, `bfloat16` (cosines of 0.9999 to the same vectors), or `auto`: bfloat16 where \
the processor has matrix units for it (AMX), which halves the time or better."""
    generation: GenerationSection = GenerationSection()


class LanguageModel(Protocol):
    """Texts in, unit vectors out; some models also write."""

    fingerprint: str
    """Changes whenever the same text would give another vector."""
    dimension: int
    can_generate: bool

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """(n,) texts -> (n, dimension) float32 rows of length 1; an empty text gives zeros."""
        ...

    def generate(self, prompt: str, schema: Mapping[str, Any] | None = None) -> str:
        """Text that answers the prompt; raises VireoError where `can_generate` is false."""
        ...


@runtime_checkable
class LocalWeights(Protocol):
    """A language model whose weights lie on this machine, so that they can be tuned."""

    directory: Path
    """Hugging Face layout: config.json, *.safetensors, tokenizer.json."""
