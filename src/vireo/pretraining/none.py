"""none: keep the base model as it is."""

from __future__ import annotations

from pathlib import Path

from vireo.pretraining.base import CannotTrain, Corpus, PretrainingSection
from vireo.pretraining.training_setup import Setup


def prepare(
    corpus: Corpus, section: PretrainingSection, base: Path | None, seed: int
) -> Setup[None]:
    """No training: always raises CannotTrain, so the base stays."""
    raise CannotTrain('The setting pretraining.objective is "none".')
