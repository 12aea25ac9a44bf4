"""Language-model pretraining: the language model reads the catalogue before it is asked."""

from vireo.pretraining.base import Checkpoint, Corpus, Document, PretrainingSection
from vireo.registry import Registry

OBJECTIVES = Registry(
    "objectives",
    {
        "masked": "vireo.pretraining.masked:train",
        "none": "vireo.pretraining.none:train",
    },
)

__all__ = ["OBJECTIVES", "Checkpoint", "Corpus", "Document", "PretrainingSection"]
