"""Language-model pretraining: the language model reads the catalogue before it is asked."""

from vireo.pretraining.base import (
    Checkpoint,
    Corpus,
    Document,
    PretrainingSection,
    Unfit,
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

__all__ = ["OBJECTIVES", "Checkpoint", "Corpus", "Document", "PretrainingSection", "Unfit"]
