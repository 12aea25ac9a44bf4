"""TextPreferenceModel: a linear map from a text embedding to the interest in each video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from vireo.arrays import Floats, Ints
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays

_MAP, _ABOUT = "taste.safetensors", "taste.json"


@dataclass(frozen=True)
class TextPreferenceModel:
    """Ridge regression of what viewers want on sentences made of a few of their videos' topics."""

    videos: Ints
    """(w,) rows in the catalogue that it knows, rising."""
    center: Floats
    """(d,) the mean of the sentences' vectors."""
    weights: Floats
    """(d, w)"""
    usual: Floats
    """(w,) what the mean sentence's viewers want: popularity."""
    weight: float = 0.0
    """Weight of the standardized scores in cold-start lists with a text; 0: not used."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """Result of the test on users outside the training."""

    @property
    def adopted(self) -> bool:
        return self.weight > 0

    def of_known(self, towards: Floats) -> Floats:
        """(b, d) vectors of sentences -> (b, w) standardized scores of the videos it knows."""
        own = (towards - self.center) @ self.weights + self.usual
        own -= own.mean(axis=1, keepdims=True)
        spread = own.std(axis=1, keepdims=True)
        return np.asarray(own / np.where(spread > 0, spread, 1.0), dtype=np.float32)

    def scores(self, towards: Floats, n_videos: int) -> Floats:
        """(d,) the vector of a sentence -> (n,); unknown videos are at the mean, 0."""
        scores = np.zeros(n_videos, dtype=np.float32)
        scores[self.videos] = self.of_known(towards[None])[0]
        return scores

    def save(self, directory: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "videos": self.videos,
            "center": self.center,
            "weights": np.ascontiguousarray(self.weights),
            "usual": self.usual,
        }
        save_file(arrays, directory / _MAP)
        write_json(directory / _ABOUT, {"weight": self.weight, "report": dict(self.report)})

    @classmethod
    def load(cls, directory: Path) -> TextPreferenceModel | None:
        """The saved model; None if none was saved."""
        about = read_json(directory / _ABOUT)
        if about is None:
            return None
        return cls(**read_arrays(directory / _MAP), weight=about["weight"], report=about["report"])
