"""LLMs: a server with OpenAI's protocol, or a local causal model."""

from __future__ import annotations

from vireo.engine.base import Context
from vireo.language.generate.base import (
    GeneratedValue,
    GenerationSection,
    Generator,
    Personal,
    Prompt,
)
from vireo.registry import Registry

GENERATORS = Registry(
    "generators",
    {
        "none": "vireo.language.generate.none:load",
        "openai": "vireo.language.generate.openai_chat:load",
        "local": "vireo.language.generate.hf_causal:load",
    },
)


def generator(section: GenerationSection, context: Context) -> Generator | None:
    """The configured LLM, or None.

    Raises ConfigError, InputError (no model in the directory) or MissingLibrary; a server without
    a reply is the reason of a GeneratedValue.
    """
    made: Generator | None = GENERATORS.get(section.model)(section, context)
    return made


__all__ = [
    "GENERATORS",
    "GeneratedValue",
    "GenerationSection",
    "Generator",
    "Personal",
    "Prompt",
    "generator",
]
