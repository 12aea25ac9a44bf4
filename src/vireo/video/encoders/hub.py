"""Any Hugging Face vision model by directory or by name, through transformers' AutoModel.

The decoder delivers frames in the model's size, so neither PIL nor torchvision is needed. Models
of several frames are recognized by their configuration (see video_models.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from vireo.arrays import Bytes, Floats
from vireo.artifacts.files import digest_of_json
from vireo.engine.base import Context
from vireo.errors import InputError
from vireo.video.base import FrameEncoder, TrainingFrames, VideoSection
from vireo.video.encoders.fingerprint import digest_of_weights
from vireo.video.encoders.network import fixed_threads
from vireo.video.encoders.preprocessing import Preprocessing
from vireo.video.encoders.video_models import VideoModelEncoder, takes_multiple_frames

BATCH = 16


class HubEncoder:
    """Frames through a vision model: its pooled output, or the mean of its patch tokens."""

    def __init__(self, directory: Path, model: Any, has_pooler: bool) -> None:
        self.fingerprint = digest_of_json(["hub", digest_of_weights(directory)])[:16]
        self._model, self._has_pooler = model, has_pooler
        self._pixels = Preprocessing.of(directory, model.config)
        self.resolution = self._pixels.resolution
        black = np.zeros((1, self.resolution, self.resolution, 3), np.uint8)
        self.dimension = self._run(black).shape[1]

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB -> (n, dimension) float32."""
        starts = range(0, len(pixels), BATCH)
        parts = [self._run(pixels[start : start + BATCH]) for start in starts]
        return np.concatenate([np.zeros((0, self.dimension), np.float32), *parts])

    def _run(self, pixels: Bytes) -> Floats:
        with fixed_threads(), torch.inference_mode():
            out = self._model(pixel_values=self._pixels.prepare(pixels))
        pooled = getattr(out, "pooler_output", None) if self._has_pooler else None
        vectors = pooled if pooled is not None else out.last_hidden_state
        if vectors.ndim == 4:  # maps (n, c, h, w)
            vectors = vectors.mean((2, 3))
        elif vectors.ndim == 3:  # tokens (n, t, d)
            vectors = vectors.mean(1)
        result: Floats = vectors.float().numpy()
        return result


def provide(section: VideoSection, frames: TrainingFrames, context: Context) -> FrameEncoder:
    """The model of `section.model`: a directory, or a name that is downloaded from the hub."""
    if not section.model:
        raise InputError(
            "The encoder 'hub' needs a model.",
            'Set video.model = "a directory, or a name on the Hugging Face hub" in vireo.toml.',
        )
    try:
        return load(_directory(section.model))
    except (OSError, ValueError) as error:
        raise InputError(
            f"The vision model '{section.model}' cannot be loaded: {str(error).splitlines()[0]}",
            "Give a directory with config.json and model.safetensors, or a name and a network.",
        ) from None


def load(directory: Path) -> FrameEncoder:
    """The model in a directory, for single frames or sequences. Raises OSError or ValueError."""
    model, has_pooler = _model(directory)
    if takes_multiple_frames(model.config):
        return VideoModelEncoder(directory, model)
    return HubEncoder(directory, model, has_pooler)


def _directory(model: str) -> Path:
    """Local directory of the model; a name is downloaded, weights as safetensors only."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model, allow_patterns=["*.json", "*.safetensors"]))


def _model(directory: Path) -> tuple[Any, bool]:
    """The vision tower, and whether its pooler has trained weights."""
    from transformers import AutoModel

    model, report = AutoModel.from_pretrained(
        directory, local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    # Transformers initializes a missing pooler at random: its output would be noise.
    has_pooler = not any("pooler" in name for name in report["missing_keys"])
    return getattr(model, "vision_model", model).eval().float(), has_pooler
