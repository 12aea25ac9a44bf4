"""Prompt, GeneratedValue, and Generator, the protocol of LLMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, Field

from vireo.engine.progress import Progress
from vireo.settings import Section

Shape = TypeVar("Shape", bound=BaseModel)

Personal = Literal["comments", "histories"]
"""Personal data, sent to a server only with permission in the config."""


class GenerationSection(Section):
    """`[language.generation]`: an LLM. Off by default."""

    outside_recipe: ClassVar[frozenset[str]] = frozenset(
        {
            *(
                "api_key_env",
                "response_format",
                "timeout_seconds",
                "retries",
                "concurrency",
                "allowed_data",
            ),
            *("max_total_tokens", "max_cost", "input_price", "output_price"),
        }
    )
    model: str = "none"
    """`none`; `openai` (any server with /v1/chat/completions); `local` (a Hugging Face \
directory of a causal model, in this process)."""
    name: str = ""
    """For `openai`: the model's name at the server."""
    base_url: str = ""
    """For `openai`: where the server answers, such as http://localhost:11434/v1."""
    api_key_env: str = "OPENAI_API_KEY"
    """For `openai`: the environment variable that holds the key; local servers need none."""
    path: str = ""
    """For `local`: the directory of the model."""
    records: bool = True
    """Let the model write the records of videos."""
    allowed_data: tuple[Personal, ...] = ()
    """Data that may go to a server besides videos' own texts: `comments`, `histories`. A server \
on this machine counts as a server too."""
    response_format: Literal["schema", "object", "none"] = "schema"
    """Structured output requested from the server: `schema` (json_schema), `object` (json_object \
with the schema, for llama.cpp), `none`. Answers are validated in any case."""
    timeout_seconds: float = Field(default=60.0, gt=0)
    """Seconds for one request."""
    retries: int = Field(default=3, ge=0)
    """Tries after the first, for servers that are busy or fail; each waits longer."""
    concurrency: int = Field(default=4, ge=1)
    """Requests at the same time."""
    max_output_tokens: int = Field(default=600, ge=16)
    """The longest answer, in tokens."""
    max_input_tokens: int = Field(default=3000, ge=64)
    """The most of a video's text that one prompt holds, in tokens; longer texts are thinned."""
    max_total_tokens: int = Field(default=0, ge=0)
    """Tokens in and out that one build may use; 0 sets no limit."""
    max_cost: float = Field(default=0.0, ge=0)
    """Budget of one build, in the unit of the prices; 0 sets no limit."""
    input_price: float = Field(default=0.0, ge=0)
    """Price of a million tokens that are sent."""
    output_price: float = Field(default=0.0, ge=0)
    """Price of a million tokens that are written."""
    cache_version: int = Field(default=0, ge=0)
    """Raise it to build again after a server failed: only what is not written yet is asked."""
    dry_run: bool = False
    """Count tokens and cost and send nothing."""


@dataclass(frozen=True)
class Prompt(Generic[Shape]):
    """One question. Instructions are ours; data come from anywhere and never instruct.

    The two travel apart: the instructions as the system's message, the data as one JSON object
    in a message of its own, so that no text among the data can end them.
    """

    purpose: str
    """Purpose, such as "record"; with `version` it is part of the answer's cache key."""
    version: int
    """Raised with every change of the instructions or of the shape."""
    instructions: str
    data: Mapping[str, Any]
    """Values that JSON can hold."""
    shape: type[Shape]
    """Model of the answer; its JSON schema is sent, and answers are validated by it."""
    personal: frozenset[Personal] = frozenset()
    """Personal data in `data`; without permission for all, nothing is sent."""


@dataclass(frozen=True)
class GeneratedValue(Generic[Shape]):
    """Result of one prompt: a value of the requested shape, or the reason for none."""

    value: Shape | None
    reason: str = ""
    """Empty with a value."""
    cached: bool = False
    tokens_in: int = 0
    tokens_out: int = 0


class Generator(Protocol):
    """LLM with answers of a given shape. `generate` returns failures, it does not raise them."""

    name: str
    """Author in records, such as "qwen3:4b at localhost"."""
    fingerprint: str
    """Changes with the model and its settings; part of the cache key."""
    remote: bool
    """Whether prompts leave this process, which needs permission."""

    def generate(
        self, prompts: Sequence[Prompt[Shape]], progress: Progress | None = None
    ) -> list[GeneratedValue[Shape]]:
        """One GeneratedValue per prompt, in order; over budget, without a value."""
        ...
