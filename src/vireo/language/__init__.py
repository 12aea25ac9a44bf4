"""Text encoders: MiniLM, any Hugging Face directory, ONNX file or server."""

from __future__ import annotations

from pathlib import Path

from vireo.engine.base import Context
from vireo.language.base import LanguageModel, LanguageSection, LocalWeights
from vireo.language.texts import PARTS, VideoTexts, query_texts, texts_of
from vireo.registry import Registry

MODELS = Registry(
    "text_encoders",
    {
        "minilm": "vireo.language.minilm:load",
        "hub": "vireo.language.hf_encoder:load",
        "onnx": "vireo.language.onnx_file:load",
        "openai": "vireo.language.openai_embeddings:load",
    },
)


def load(
    section: LanguageSection, context: Context, model_dir: Path | None = None
) -> LanguageModel:
    """The configured language model; `model_dir` (a tuned checkpoint) replaces its weights.

    Raises UnknownPart for an unknown name, VireoError if the model can't be loaded.
    """
    model: LanguageModel = MODELS.get(section.model)(section, context, model_dir)
    return model


__all__ = [
    "MODELS",
    "PARTS",
    "LanguageModel",
    "LanguageSection",
    "LocalWeights",
    "VideoTexts",
    "load",
    "query_texts",
    "texts_of",
]
