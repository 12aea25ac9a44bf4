"""Pretraining of the language model on the texts of the catalogue."""

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
