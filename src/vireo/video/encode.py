"""Frames of each file -> one vector per video; only videos that are new to the encoder pay."""

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
from vireo.video.temporal import Parts, balanced, pooled


@dataclass(frozen=True)
class Encoded:
    """A vector per file, and how many had to be computed."""

    vectors: Floats
    """(files, d); zeros where there are no frames, or no finite vector of them."""
    made: int
    reused: int
    fingerprint: str


def encoded(
    shots: CachedFrames, encoder: FrameEncoder, section: VideoSection, context: Context
) -> Encoded:
    """Encodes and pools what the cache does not hold yet, while further files are being read."""
    work = _Work(shots, encoder, section, context)
    for row in shots.arriving():
        work.take(row)
    parts = [np.stack([video[i] for video in work.parts]) for i in range(len(section.pooling))]
    return Encoded(balanced(parts), work.made, work.reused, encoder.fingerprint)


class _Work:
    """The vectors so far; a row of zeros for each file that gave none."""

    def __init__(
        self, shots: CachedFrames, encoder: FrameEncoder, section: VideoSection, context: Context
    ) -> None:
        self.shots, self.encoder, self.section = shots, encoder, section
        self.folder = context.cache / "video-vectors" / _recipe(encoder, section)
        self.parts: list[Parts] = []
        self.made = self.reused = 0

    def take(self, row: int) -> None:
        shape = (len(self.section.pooling), self.encoder.dimension)
        times = self.shots.taken(row).times
        if len(times) == 0:
            self.parts.append(np.zeros(shape, np.float32))
            return
        path = _path(self.folder, self.shots, row)
        found = parts_at(path, shape)
        if found is None:
            found = self._made(self.shots.pixels(row), times)
            keep_parts(path, found)
            self.made += 1
        else:
            self.reused += 1
        self.parts.append(found)

    def _made(self, pixels: Bytes, times: Floats) -> Parts:
        vectors = frame_vectors(self.encoder, pixels, self.section.crops)
        # a model may give NaN for an odd picture: that costs this video its vector, no more
        if not np.isfinite(vectors).all():
            return np.zeros((len(self.section.pooling), self.encoder.dimension), np.float32)
        own = getattr(self.encoder, "poolings", None)
        return pooled(self.section.pooling, POOLINGS, vectors, times, own)


def frame_vectors(encoder: FrameEncoder, pixels: Bytes, looks: int) -> Floats:
    """(n * looks, r, r, 3) -> (n, d): the mean of a frame's looks.

    An encoder that takes frames together sees each look as a film of its own, and gives a row
    per group of frames.
    """
    if looks <= 1:
        return encoder.encode(pixels)
    films = [encoder.encode(np.ascontiguousarray(pixels[look::looks])) for look in range(looks)]
    return np.asarray(np.mean(films, axis=0), dtype=np.float32)


def _recipe(encoder: FrameEncoder, section: VideoSection) -> str:
    return digest_of_json([encoder.fingerprint, list(section.pooling), "parts"])[:16]


def _path(folder: Path, shots: CachedFrames, row: int) -> Path:
    key = shots.jobs[row].key
    return folder / key[:2] / f"{key}.safetensors"


def parts_at(path: Path, shape: tuple[int, int]) -> Parts | None:
    """What `keep_parts` left there; None where nothing of this shape is."""
    try:
        parts = read_arrays(path)["parts"]
    except (OSError, SafetensorError, KeyError):
        return None  # absent or damaged: it is made again
    return parts if parts.shape == shape else None


def keep_parts(path: Path, parts: Parts) -> None:
    """Complete or absent, whatever kills the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file({"parts": np.ascontiguousarray(parts)}, temporary)
