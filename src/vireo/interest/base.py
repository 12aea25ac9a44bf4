"""The fitted experts with their ensemble weights, as one artifact."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from vireo.arrays import Bools, Floats
from vireo.artifacts.files import write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.interest.batch import Batch
from vireo.interest.expert import Expert, Training
from vireo.interest.expert_protocols import Abilities, SupportsUnlearning
from vireo.interest.registry import EXPERTS
from vireo.interest.section import (
    AlsSection,
    EaseSection,
    InterestSection,
    NextItemSection,
    SequenceContentSection,
    SequenceSection,
    TrendSection,
)

__all__ = [
    "AlsSection",
    "Batch",
    "EaseSection",
    "Expert",
    "InterestModel",
    "InterestSection",
    "NextItemSection",
    "SequenceContentSection",
    "SequenceSection",
    "SupportsUnlearning",
    "Training",
    "TrendSection",
]

_CONTENT = "content.safetensors"
CONTENT = "content"
"""The expert that reads what videos show and say, and nothing else."""
CONTENT_SHARE = 0.5
"""Share of the other experts' weight that content takes over for cold items, unless
validation finds a better one."""


@dataclass(frozen=True)
class InterestModel:
    """The fitted experts and the global weights by which their standardised scores are added."""

    experts: Mapping[str, Expert]
    weights: Mapping[str, float]
    content: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    """(n, d) the content space that Training held: for similar videos and for diversity."""
    report: Mapping[str, Any] = field(default_factory=dict)
    warm: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """(n,) videos with positives; empty stands for all of them."""
    fitted_cold_weights: Mapping[str, float] | None = None
    """Weights for cold items, of experts that score cold items; None: derived by
    `default_cold_weights`."""
    allow_repeats: bool = False
    """Whether seen videos are candidates too."""
    offset: float = 0.0
    """Added to the total of cold items."""

    @cached_property
    def abilities(self) -> Mapping[str, Abilities]:
        """Per expert: its optional abilities."""
        return {name: Abilities.of(expert) for name, expert in self.experts.items()}

    @property
    def serving(self) -> dict[str, Expert]:
        """Experts with a weight for warm items."""
        return {name: e for name, e in self.experts.items() if self.weights.get(name, 0.0) > 0}

    @cached_property
    def cold_weights(self) -> Mapping[str, float]:
        """Weights above 0 for cold items."""
        found = self.fitted_cold_weights
        if found is None:
            knowing = [name for name, expert in self.experts.items() if expert.scores_cold_items]
            found = default_cold_weights(self.weights, knowing)
        return {name: weight for name, weight in found.items() if weight > 0}

    def active(self, has_cold_items: bool) -> tuple[str, ...]:
        """Names of the experts with a weight: for warm items, or, if there are any, cold items."""
        names = {*self.serving, *(self.cold_weights if has_cold_items else ())}
        return tuple(name for name in self.experts if name in names)

    def without(self, history: History) -> InterestModel:
        """The model as if this viewer had not been in the training of the experts that can tell.

        Those are the experts with a method `without(history)`: exactly the closed-form item-item
        ones and popularity. The others forget when they are trained next.
        """
        able = {name: abilities.unlearning for name, abilities in self.abilities.items()}
        experts = {
            name: expert if (found := able[name]) is None else found.without(history)
            for name, expert in self.experts.items()
        }
        return replace(self, experts=experts)

    def save(self, directory: Path) -> None:
        for name, expert in self.experts.items():
            (directory / name).mkdir()
            expert.save(directory / name)
        arrays = {"content": np.ascontiguousarray(self.content), "warm": self.warm}
        save_file(arrays, directory / _CONTENT)
        about = {
            "experts": list(self.experts),
            "weights": dict(self.weights),
            "cold_weights": None
            if self.fitted_cold_weights is None
            else dict(self.fitted_cold_weights),
            "repeats": self.allow_repeats,
            "offset": self.offset,
            "report": dict(self.report),
        }
        write_json(directory / "about.json", about)

    @classmethod
    def load(cls, directory: Path) -> InterestModel:
        about = json.loads((directory / "about.json").read_text(encoding="utf-8"))
        experts = {name: EXPERTS.get(name).load(directory / name) for name in about["experts"]}
        arrays = read_arrays(directory / _CONTENT)
        content, warm = arrays["content"], arrays["warm"]
        rest = (about["cold_weights"], about["repeats"], about["offset"])
        return cls(experts, about["weights"], content, about["report"], warm, *rest)

    def summary(self) -> dict[str, Any]:
        return {
            "weights": dict(self.weights),
            "cold_weights": dict(self.cold_weights),
            **self.report,
        }


def default_cold_weights(
    weights: Mapping[str, float], knowing: Collection[str], share: float = CONTENT_SHARE
) -> dict[str, float]:
    """Weights for cold items: experts that score them (`knowing`) keep their weight, and content
    takes over this share of the weight of the others.
    """
    found = {name: weights.get(name, 0.0) for name in knowing}
    if CONTENT in found:
        found[CONTENT] += share * sum(w for name, w in weights.items() if name not in found)
    return found
