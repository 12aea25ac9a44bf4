"""Hugging Face models of frame sequences: VideoMAE, TimeSformer, ViViT and similar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from vireo.arrays import Bytes, Floats
from vireo.artifacts.files import digest_of_json
from vireo.video.encoders.fingerprint import digest_of_weights
from vireo.video.encoders.network import fixed_threads
from vireo.video.encoders.preprocessing import Preprocessing


class VideoModelEncoder:
    """Video model: one vector for the frame sequence of a video."""

    def __init__(self, directory: Path, model: Any) -> None:
        self.fingerprint = digest_of_json(["video_model", digest_of_weights(directory)])[:16]
        self._model, self._length = model, int(model.config.num_frames)
        self._pixels = Preprocessing.of(directory, model.config)
        self.resolution = self._pixels.resolution
        black = np.zeros((1, self.resolution, self.resolution, 3), np.uint8)
        self.dimension = self._run(black).shape[1]

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB, in order of time -> (1, dimension) float32.

        Without frames: (0, dimension).
        """
        if len(pixels) == 0:
            return np.zeros((0, self.dimension), np.float32)
        return self._run(pixels)

    def _run(self, pixels: Bytes) -> Floats:
        # as many frames as the model needs, at equal distances; few frames are repeated
        rows = ((np.arange(self._length) + 0.5) * len(pixels) / self._length).astype(int)
        with fixed_threads(), torch.inference_mode():
            sequence = self._pixels.prepare(pixels[rows])[None]  # (1, t, 3, r, r)
            out = self._model(pixel_values=sequence).last_hidden_state  # (1, tokens, d)
        result: Floats = out.mean(1).float().numpy()
        return result


def takes_multiple_frames(config: Any) -> bool:
    """Whether the input of a model is a sequence of frames, by its configuration."""
    return int(getattr(config, "num_frames", 1) or 1) > 1
