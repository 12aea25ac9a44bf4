"""The nouns of the pretraining room: Corpus, what is read; Checkpoint, the model that came of it.

An objective (menu `OBJECTIVES`) is a function

    train(corpus: Corpus, config: Config, context: Context) -> Checkpoint

that returns a candidate; `build.py` checks it and decides whether it is taken.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from vireo.artifacts.files import write_json
from vireo.settings import Section, Size


class PretrainingSection(Section):
    """`[pretraining]`: whether the language model reads the corpus before it is used."""

    size: Size = "small"
    """How long the training may take."""
    objective: str = "masked"
    """`masked` (go on guessing masked words) or `none` (keep the base model)."""
    steps: int = Field(default=0, ge=0)
    """Optimiser steps; 0 derives them from `size` and the length of the corpus."""
    learning_rate: float = Field(default=5e-5, gt=0)
    """Peak of the warm-up and linear decay."""
    mask_share: float = Field(default=0.15, gt=0, lt=1)
    """Share of the tokens that are masked (Devlin et al. 2019)."""


@dataclass(frozen=True)
class Document:
    """One text of the corpus."""

    video_id: str
    kind: str
    """title, description, tags, dialogue or comment."""
    text: str


@dataclass(frozen=True)
class Corpus:
    """What the language model reads, without repetitions; no video is in both parts."""

    train: tuple[Document, ...]
    heldout: tuple[Document, ...]
    pairs: tuple[tuple[str, str], ...]
    """Of held-out videos: (description, or else dialogue; title), for the retrieval check."""
    duplicates: int = 0
    """Documents left out because their words were there already."""

    def __len__(self) -> int:
        return len(self.train) + len(self.heldout)


@dataclass(frozen=True)
class Checkpoint:
    """Which language model the next stage takes, and why.

    `model` is a Hugging Face directory, or None for the configured base model.
    """

    model: Path | None
    report: Mapping[str, Any] = field(default_factory=dict)
    """Loss on held-out text before and after, the retrieval check, the choice and its reason."""

    def save(self, directory: Path) -> None:
        if self.model is not None:
            shutil.copytree(self.model, directory / "model")
        write_json(directory / "report.json", dict(self.report))

    @classmethod
    def load(cls, directory: Path) -> Checkpoint:
        model = directory / "model"
        report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
        return cls(model if model.is_dir() else None, report)

    def summary(self) -> dict[str, Any]:
        return dict(self.report)
