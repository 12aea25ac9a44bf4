"""Language-model pretraining: the language model reads the catalogue before it is asked."""

from vireo.pretraining.base import (
    CannotTrain,
    Checkpoint,
    Corpus,
    Document,
    PretrainingSection,
)
from vireo.registry import Registry

OBJECTIVES = Registry(
    "objectives",
    {
        "masked": "vireo.pretraining.masked:prepare",
        "contrastive": "vireo.pretraining.contrastive:prepare",
        "causal": "vireo.pretraining.causal:prepare",
        "none": "vireo.pretraining.none:prepare",
    },
)

__all__ = ["OBJECTIVES", "CannotTrain", "Checkpoint", "Corpus", "Document", "PretrainingSection"]
