"""Sampled frames -> one visual embedding per video; only videos new to the encoder are encoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from vireo.arrays import Bytes, Floats
from vireo.artifacts.files import atomic_path, digest_of_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.engine.base import Context
from vireo.video import POOLINGS
from vireo.video.base import FrameEncoder, VideoSection
from vireo.video.frame_cache import CachedFrames
from vireo.video.temporal import Parts, center_parts, pool_parts


@dataclass(frozen=True)
class EncodedVideos:
    """A vector per file, and how many were computed or loaded from the cache."""

    vectors: Floats
    """(files, d); zeros without frames, or where the encoder gave no finite vector."""
    n_encoded: int
    n_reused: int
    fingerprint: str


def encode_videos(
    frames: CachedFrames, encoder: FrameEncoder, section: VideoSection, context: Context
) -> EncodedVideos:
    """Encodes and pools the frames of new files while further files are being read."""
    video_encoder = _VideoEncoder(frames, encoder, section, context)
    videos = [video_encoder.parts(row) for row in frames.iter_read()]
    parts = [np.stack([video[i] for video in videos]) for i in range(len(section.pooling))]
    return EncodedVideos(
        center_parts(parts), video_encoder.n_encoded, video_encoder.n_reused, encoder.fingerprint
    )


class _VideoEncoder:
    """Encodes and pools the frames of a file, or loads the result from the cache."""

    def __init__(
        self, frames: CachedFrames, encoder: FrameEncoder, section: VideoSection, context: Context
    ) -> None:
        self._frames, self._encoder, self._section = frames, encoder, section
        recipe = digest_of_json([encoder.fingerprint, list(section.pooling), "parts"])[:16]
        self._folder = context.cache / "video-vectors" / recipe
        self._shape = (len(section.pooling), encoder.dimension)
        self.n_encoded = self.n_reused = 0

    def parts(self, row: int) -> Parts:
        """(poolings, dimension); zeros without frames."""
        times = self._frames.extraction(row).times
        if len(times) == 0:
            return np.zeros(self._shape, np.float32)
        key = self._frames.jobs[row].key
        path = self._folder / key[:2] / f"{key}.safetensors"
        found = load_parts(path, self._shape)
        if found is None:
            found = self._encoded(self._frames.pixels(row), times)
            save_parts(path, found)
            self.n_encoded += 1
        else:
            self.n_reused += 1
        return found

    def _encoded(self, pixels: Bytes, times: Floats) -> Parts:
        vectors = frame_vectors(self._encoder, pixels, self._section.crops)
        # a model may give NaN for an unusual frame: only this video goes without a vector
        if not np.isfinite(vectors).all():
            return np.zeros(self._shape, np.float32)
        encoder_poolings = getattr(self._encoder, "poolings", None)
        return pool_parts(self._section.pooling, POOLINGS, vectors, times, encoder_poolings)


def frame_vectors(encoder: FrameEncoder, pixels: Bytes, crops: int) -> Floats:
    """(n * crops, r, r, 3) -> (n, d): the mean over the crops of each frame.

    An encoder of frame sequences gets the sequence of each crop position, and gives a row per
    group of frames.
    """
    if crops <= 1:
        return encoder.encode(pixels)
    vectors = [encoder.encode(np.ascontiguousarray(pixels[crop::crops])) for crop in range(crops)]
    return np.asarray(np.mean(vectors, axis=0), dtype=np.float32)


def load_parts(path: Path, shape: tuple[int, int]) -> Parts | None:
    """The parts saved by `save_parts`; None where absent, damaged or of another shape."""
    try:
        parts = read_arrays(path)["parts"]
    except (OSError, SafetensorError, KeyError):
        return None
    return parts if parts.shape == shape else None


def save_parts(path: Path, parts: Parts) -> None:
    """Writes atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file({"parts": np.ascontiguousarray(parts)}, temporary)
