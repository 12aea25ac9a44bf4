"""Language models behind one seam: MiniLM (embedded) or any Hugging Face directory."""

from vireo.language.base import LanguageModel, LanguageSection
from vireo.registry import Registry

MODELS = Registry(
    "language models",
    {
        "minilm": "vireo.language.minilm:load",
        "hub": "vireo.language.hub:load",
    },
)

__all__ = ["MODELS", "LanguageModel", "LanguageSection"]
