"""The embedded encoder: a small convolutional network that learns from the catalogue itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from vireo.arrays import Bytes, Floats, unit_rows
from vireo.artifacts.files import digest_of_file, digest_of_json
from vireo.engine.base import Context
from vireo.video.base import TrainingFrames, VideoSection
from vireo.video.encoders.contrastive_training import train
from vireo.video.encoders.model_store import NAME, VERSION, StoredEncoder, choose_encoder, keep
from vireo.video.encoders.network import SHAPES, CnnNetwork, fresh, threads, width
from vireo.video.encoders.temporal_transformer import (
    TemporalTransformer,
    train_temporal_transformer,
)

BATCH = 64
FILMS = "films."
"""What the names of the transformer's weights begin with."""


class CnnEncoder:
    """Frames through the trained network, each with its mirror image; vectors have length 1."""

    def __init__(
        self,
        network: CnnNetwork,
        section: VideoSection,
        weights: str,
        films: TemporalTransformer | None = None,
    ) -> None:
        self.fingerprint = digest_of_json(["cnn", VERSION, section.size, weights])[:16]
        self.dimension = width(SHAPES[section.size])
        self.resolution = section.resolution
        self._network = network.eval()
        self._films = films.eval() if films else None
        self._half = SHAPES[section.size].dimension
        self.poolings = {NAME: self._film} if films else {}

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB -> (n, dimension) float32 unit rows."""
        parts = [np.zeros((0, self.dimension), np.float32)]
        with threads(), torch.inference_mode():
            for start in range(0, len(pixels), BATCH):
                batch = torch.from_numpy(pixels[start : start + BATCH]).permute(0, 3, 1, 2)
                images = batch.float().contiguous(memory_format=torch.channels_last)
                both = self._network.described(images) + self._network.described(images.flip(3))
                parts.append(both.numpy())
        return unit_rows(np.concatenate(parts))

    def _film(self, vectors: Floats, times: Floats) -> Floats:
        """(n, dimension), (n,) -> (dimension,): the film's vector, filled up with zeros."""
        assert self._films is not None
        film = np.zeros(self.dimension, np.float32)
        film[: self._half] = self._films.pool(vectors[:, : self._half], times)
        return film


def provide(section: VideoSection, footage: TrainingFrames, context: Context) -> CnnEncoder:
    """The kept encoder that fits this catalogue, or one that is trained on it now."""
    kept = choose_encoder(footage.encoders, section, context.seed, footage.digests)
    if kept is not None:
        return load(kept, section)
    shots = footage.at(section.resolution)
    seen = bool((shots.counts > 0).any())
    texts = footage.texts() if seen else np.zeros((len(shots.counts), 0), np.float32)
    network = train(shots, texts, SHAPES[section.size], section.resolution, context)
    films = None
    if NAME in section.pooling:
        films = train_temporal_transformer(shots, network, SHAPES[section.size].dimension, context)
    if not seen:  # nothing was learnt: later files deserve a training of their own
        return CnnEncoder(network, section, "untrained", films)
    about = {"texts": hashlib.sha256(np.ascontiguousarray(texts).tobytes()).hexdigest()}
    folder, digests = footage.encoders, footage.digests

    def write(path: Path) -> None:
        _save(network, films, path)

    kept = keep(folder, section, context.seed, digests, about, write)
    return load(kept, section)


def load(kept: StoredEncoder, section: VideoSection) -> CnnEncoder:
    """The encoder from its directory; raises CorruptArtifact."""
    path = kept.weights()
    network = fresh(SHAPES[section.size], seed=0)
    weights = load_file(path)
    films = {n.removeprefix(FILMS): weights.pop(n) for n in list(weights) if n.startswith(FILMS)}
    network.load_state_dict(weights)
    temporal = TemporalTransformer(SHAPES[section.size].dimension) if films else None
    if temporal is not None:
        temporal.load_state_dict(films)
    return CnnEncoder(network, section, digest_of_file(path), temporal)


def _save(network: CnnNetwork, films: TemporalTransformer | None, path: Path) -> None:
    weights = dict(network.state_dict())
    if films is not None:
        weights |= {f"{FILMS}{name}": value for name, value in films.state_dict().items()}
    save_file({name: value.contiguous() for name, value in weights.items()}, path)
