"""An expert whose words are written down by the test that asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import InterestSection, Training


class Untrained:
    """All of an expert but its name, what it knows and its scores; it cannot be fitted or kept."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        raise NotImplementedError

    def contributions(self, history: History, video: int) -> Floats | None:
        return None

    def save(self, directory: Path) -> None:
        raise NotImplementedError

    @classmethod
    def load(cls, directory: Path) -> Self:
        raise NotImplementedError
