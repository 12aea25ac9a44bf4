"""LanguageModel: protocol of text encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import Field

from vireo.arrays import Floats
from vireo.engine.progress import Progress
from vireo.language.generate.base import GenerationSection
from vireo.language.precision import Precision
from vireo.settings import Section


class LanguageSection(Section):
    """`[language]`: the language model that reads titles, descriptions, dialogue, comments."""

    # what a model writes matters to the stage that asks it, which names that section by itself
    outside_recipe: ClassVar[frozenset[str]] = frozenset(
        {"generation", "batch_tokens", "runtime", "api_key_env", "timeout_seconds", "retries"}
    )
    model: str = "minilm"
    """`minilm` (embedded, needs no network), `hub` or `onnx` with `path`, or `openai` (any server \
with /v1/embeddings) with `base_url` and `name`."""
    path: str = ""
    """For `hub`: a Hugging Face directory, or a name (needs a network). For `onnx`: a file, with \
its tokenizer.json beside it."""
    base_url: str = ""
    """For `openai`: where the server answers, such as http://localhost:11434/v1."""
    name: str = ""
    """For `openai`: the model's name at the server."""
    api_key_env: str = "OPENAI_API_KEY"
    """For `openai`: the environment variable that holds the key; local servers need none."""
    timeout_seconds: float = Field(default=60.0, gt=0)
    """For `openai`: seconds for one request."""
    retries: int = Field(default=3, ge=0)
    """For `openai`: tries after the first; each waits longer."""
    batch_tokens: int = Field(default=1024, ge=1)
    """Tokens per batch: texts are sorted by length, so a batch holds many short or few long."""
    max_tokens: int = Field(default=256, ge=16)
    """Longer texts are cut into overlapping chunks, whose vectors are averaged."""
    max_chunks: int = Field(default=16, ge=1)
    """Chunks of a long text that are read, evenly spread; fewer read long dialogue faster."""
    precision: Precision = "auto"
    """`float32`, `bfloat16` (cosines of 0.9999 to the same vectors), `int8` (ONNX Runtime; other \
vectors), or `auto`: bfloat16 where the processor has matrix units for it (AMX), which halves the \
time or better."""
    runtime: Literal["auto", "onnx", "torch"] = "auto"
    """Runtime of `minilm` and `hub`: `auto` takes ONNX Runtime once the model was exported, which \
happens before many texts are embedded; bfloat16 runs on torch."""
    generation: GenerationSection = GenerationSection()


class LanguageModel(Protocol):
    """Texts in, unit vectors out; some models also write."""

    can_generate: bool

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would give another vector."""
        ...

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        ...

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
