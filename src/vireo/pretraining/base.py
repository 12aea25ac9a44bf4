"""Corpus (texts for training) and Checkpoint (the chosen model).

An objective (registry `OBJECTIVES`) is a function

    prepare(corpus: Corpus, section: PretrainingSection, base: Path | None, seed: int) -> Setup

that sets up the training, or raises CannotTrain; `trainer.py` trains, `build.py` checks
the candidate and decides whether it is taken.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from vireo.artifacts.files import write_json
from vireo.settings import Section, Size


class PretrainingSection(Section):
    """`[pretraining]`: whether the language model reads the corpus before it is used."""

    outside_recipe: ClassVar[frozenset[str]] = frozenset({"processes"})
    size: Size = "small"
    """How long the training may take; for a model from scratch also how large it is."""
    objective: str = "none"
    """`none` (keep the base model), `contrastive` (texts of one video are positives), \
`masked` (masked language modeling), or `causal` (an LLM: predict the next token)."""
    base: str = ""
    """Initial weights: a Hugging Face directory, `scratch`, or empty for the \
language model (`causal`: from scratch)."""
    vocabulary: int = Field(default=0, ge=0)
    """Words of the tokenizer that is trained on the corpus, from scratch; 0 goes by `size`."""
    steps: int = Field(default=0, ge=0)
    """Optimiser steps; 0 derives them from `size` and the length of the corpus."""
    learning_rate: float = Field(default=0.0, ge=0)
    """Peak of the warm-up and linear decay; 0 takes the objective's own."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Batches whose gradients make one step."""
    patience: int = Field(default=4, ge=0)
    """Stop after so many measurements (8 to 20 a run) without a lower held-out loss; 0: never."""
    mask_rate: float = Field(default=0.15, gt=0, lt=1)
    """For `masked`: share of the tokens that are masked (Devlin et al. 2019)."""
    temperature: float = Field(default=0.05, gt=0)
    """For `contrastive`: cosines are divided by it."""
    lora_rank: int = Field(default=0, ge=0)
    """Train low-rank additions of this rank instead of the weights (needs `peft`); 0: weights."""
    include_histories: bool = False
    """Read what was watched together, too: as text, and as pairs for `contrastive`. Then a new \
event makes a new training."""
    processes: int = Field(default=1, ge=1)
    """Processes, one per GPU where there are any; they divide `gradient_accumulation`."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """`auto`: bfloat16 products where the processor or the GPU has units for them."""


@dataclass(frozen=True)
class Document:
    """One text of the corpus."""

    video_id: str
    kind: str
    """title, description, tags, dialogue, comment or watched."""
    text: str


@dataclass(frozen=True)
class Documents:
    """Texts in a file of JSON lines, read one by one, so that memory stays flat."""

    path: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Document]:
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield Document(*json.loads(line))


@dataclass(frozen=True)
class Corpus:
    """Deduplicated training and held-out texts; no video is in both parts."""

    directory: Path
    train: Documents
    heldout: Documents
    pairs: tuple[tuple[str, str], ...]
    """Of held-out videos: (description, or else dialogue; title), for the retrieval check."""
    together: tuple[tuple[str, str], ...]
    """Of train videos: ids of two that were watched one after the other, most often first."""
    duplicates: int
    """Documents left out because their normalized words repeat an earlier one."""
    digest: str
    """SHA-256 of documents and pairs."""

    def __len__(self) -> int:
        return len(self.train) + len(self.heldout)


class CannotTrain(Exception):
    """The base or the corpus does not suit the objective; the message gives the reason."""


@dataclass(frozen=True)
class Checkpoint:
    """Choice of the language model: a Hugging Face directory, or None for the base."""

    model: Path | None
    report: Mapping[str, Any] = field(default_factory=dict)
    """Loss on held-out text before and after, the retrieval check, the choice and its reason."""
    writer: Path | None = None
    """Trained causal LLM, a Hugging Face directory; it generates text, no embeddings."""

    def save(self, directory: Path) -> None:
        for name, made in (("model", self.model), ("writer", self.writer)):
            if made is not None:
                shutil.copytree(made, directory / name)
        write_json(directory / "report.json", dict(self.report))

    @classmethod
    def load(cls, directory: Path) -> Checkpoint:
        report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
        model, writer = (directory / name for name in ("model", "writer"))
        return cls(model if model.is_dir() else None, report, writer if writer.is_dir() else None)

    def summary(self) -> dict[str, Any]:
        return dict(self.report)
