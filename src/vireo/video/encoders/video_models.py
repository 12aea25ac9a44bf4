"""Models that take the frames of a film together (VideoMAE, TimeSformer, ViViT and their kin)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from vireo.arrays import Bytes, Floats
from vireo.artifacts.files import digest_of_json
from vireo.video.encoders.fingerprint import digest_of_weights
from vireo.video.encoders.network import threads
from vireo.video.encoders.preprocessing import Preprocessing


class VideoModelEncoder:
    """Films through a video model: one vector for all the frames of one film."""

    def __init__(self, directory: Path, model: Any) -> None:
        self.fingerprint = digest_of_json(["clips", digest_of_weights(directory)])[:16]
        self._model, self._length = model, int(model.config.num_frames)
        self._pixels = Preprocessing.of(directory, model.config)
        self.resolution = self._pixels.resolution
        black = np.zeros((1, self.resolution, self.resolution, 3), np.uint8)
        self.dimension = self._run(black).shape[1]

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB, in order of time -> (1, dimension) float32.

        No frame, no vector: (0, dimension).
        """
        if len(pixels) == 0:
            return np.zeros((0, self.dimension), np.float32)
        return self._run(pixels)

    def _run(self, pixels: Bytes) -> Floats:
        # as many frames as the model takes, at equal distances; a short film stands still
        rows = ((np.arange(self._length) + 0.5) * len(pixels) / self._length).astype(int)
        with threads(), torch.inference_mode():
            film = self._pixels.prepared(pixels[rows])[None]  # (1, t, 3, r, r)
            out = self._model(pixel_values=film).last_hidden_state  # (1, tokens, d)
        result: Floats = out.mean(1).float().numpy()
        return result


def takes_films(config: Any) -> bool:
    """Whether a model's configuration asks for several frames at once."""
    return int(getattr(config, "num_frames", 1) or 1) > 1
