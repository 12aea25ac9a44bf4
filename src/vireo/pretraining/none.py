"""none: keep the base model as it is."""

from __future__ import annotations

from vireo.config import Config
from vireo.engine.base import Context
from vireo.pretraining.base import Checkpoint, Corpus


def train(corpus: Corpus, config: Config, context: Context) -> Checkpoint:
    """No training: the candidate is the base model."""
    return Checkpoint(None, {"reason": 'The setting pretraining.objective is "none".'})
