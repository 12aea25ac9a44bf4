"""Trees: a trained LightGBM ranker as text, and what validation said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from vireo.artifacts.files import read_json, write_json
from vireo.errors import MissingLibrary

_TREES, _ABOUT = "ranker.txt", "ranker.json"


@dataclass(frozen=True)
class LambdaMartModel:
    """The trees in LightGBM's own text format, and what validation said of them."""

    text: str
    sources: tuple[str, ...]
    """The columns of scores, in the order in which the trees were trained."""
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def adopted(self) -> bool:
        return bool(self.report.get("adopted"))

    @cached_property
    def booster(self) -> Any:
        try:
            import lightgbm
        except ImportError as error:
            raise MissingLibrary(
                "The learned ranker needs LightGBM, which is not installed.",
                "pip install 'vireo-recommender[ranker]', or set recommend.ranker.enabled = false.",
            ) from error
        return lightgbm.Booster(model_str=self.text)

    def save(self, directory: Path) -> None:
        (directory / _TREES).write_text(self.text, encoding="utf-8")
        write_json(directory / _ABOUT, {"sources": list(self.sources), "report": dict(self.report)})

    @classmethod
    def load(cls, directory: Path) -> LambdaMartModel | None:
        """The saved model; None if none was saved."""
        about = read_json(directory / _ABOUT)
        if about is None:
            return None
        text = (directory / _TREES).read_text(encoding="utf-8")
        return cls(text, tuple(about["sources"]), about["report"])
