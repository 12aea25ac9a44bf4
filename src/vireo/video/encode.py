"""Frames of each file -> one vector per video; only videos that are new to the encoder pay."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vireo.arrays import Floats
from vireo.artifacts.files import digest_of_json
from vireo.engine.base import Context
from vireo.video import POOLINGS
from vireo.video.base import FrameEncoder, VideoSection
from vireo.video.footage import CatalogueShots
from vireo.video.temporal import join


@dataclass(frozen=True)
class Encoded:
    """A vector per file, and how many had to be computed."""

    vectors: Floats
    """(files, d); zeros where there are no frames, or no finite vector of them."""
    made: int
    reused: int
    fingerprint: str


def encoded(
    shots: CatalogueShots, encoder: FrameEncoder, section: VideoSection, context: Context
) -> Encoded:
    """Encodes and pools what the cache does not hold yet."""
    folder = context.cache / "video-vectors" / _recipe(encoder, section)
    nothing = np.zeros((0, encoder.dimension), np.float32)
    width = len(join(section.pooling, POOLINGS, nothing, np.zeros(0, np.float32)))
    vectors = np.zeros((len(shots.counts), width), np.float32)
    missing = []
    for row in np.flatnonzero(shots.counts).tolist():
        found = _found(_path(folder, shots, row), width)
        if found is None:
            missing.append(row)
        else:
            vectors[row] = found
    with context.progress.task("Encoding videos", len(missing)) as tick:
        for row in missing:
            frames = encoder.encode(shots.pixels(row))
            # a model may give NaN for an odd picture: that costs this video its vector, no more
            if np.isfinite(frames).all():
                vectors[row] = join(section.pooling, POOLINGS, frames, shots.taken(row).times)
            _keep(_path(folder, shots, row), vectors[row])
            tick()
    reused = int((shots.counts > 0).sum()) - len(missing)
    return Encoded(vectors, len(missing), reused, encoder.fingerprint)


def _recipe(encoder: FrameEncoder, section: VideoSection) -> str:
    return digest_of_json([encoder.fingerprint, list(section.pooling)])[:16]


def _path(folder: Path, shots: CatalogueShots, row: int) -> Path:
    key = shots.jobs[row].key
    return folder / key[:2] / f"{key}.safetensors"


def _found(path: Path, width: int) -> Floats | None:
    try:
        vector = load_file(path)["vector"]
    except (OSError, SafetensorError, KeyError):
        return None  # absent or damaged: it is made again
    return vector if vector.shape == (width,) else None


def _keep(path: Path, vector: Floats) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    save_file({"vector": np.ascontiguousarray(vector)}, temporary)
    temporary.replace(path)
