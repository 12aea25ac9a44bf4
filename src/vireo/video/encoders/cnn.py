"""Frame encoder `cnn`: a small convolutional network trained on the catalogue."""

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
from vireo.video.encoders.model_store import (
    TRAINED_POOLING,
    VERSION,
    StoredEncoder,
    choose_encoder,
    store_encoder,
)
from vireo.video.encoders.network import (
    SIZES,
    CnnNetwork,
    fixed_threads,
    new_network,
    output_dimension,
)
from vireo.video.encoders.temporal_transformer import (
    TemporalTransformer,
    train_temporal_transformer,
)

BATCH = 64
TEMPORAL_PREFIX = "temporal."
"""Prefix of the transformer's weights in the file."""


class CnnEncoder:
    """The trained network, averaged over a frame and its mirror image; unit vectors."""

    def __init__(
        self,
        network: CnnNetwork,
        section: VideoSection,
        weights: str,
        temporal: TemporalTransformer | None = None,
    ) -> None:
        self.fingerprint = digest_of_json(["cnn", VERSION, section.size, weights])[:16]
        self.dimension = output_dimension(SIZES[section.size])
        self.resolution = section.resolution
        self._network = network.eval()
        self._temporal = temporal.eval() if temporal else None
        self._half = SIZES[section.size].dimension
        self.poolings = {TRAINED_POOLING: self._pool} if temporal else {}

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB -> (n, dimension) float32 unit rows."""
        parts = [np.zeros((0, self.dimension), np.float32)]
        with fixed_threads(), torch.inference_mode():
            for start in range(0, len(pixels), BATCH):
                batch = torch.from_numpy(pixels[start : start + BATCH]).permute(0, 3, 1, 2)
                images = batch.float().contiguous(memory_format=torch.channels_last)
                both = self._network.embed(images) + self._network.embed(images.flip(3))
                parts.append(both.numpy())
        return unit_rows(np.concatenate(parts))

    def _pool(self, vectors: Floats, times: Floats) -> Floats:
        """(n, dimension), (n,) -> (dimension,): the transformer's output, padded with zeros."""
        assert self._temporal is not None
        padded = np.zeros(self.dimension, np.float32)
        padded[: self._half] = self._temporal.pool(vectors[:, : self._half], times)
        return padded


def provide(section: VideoSection, training_frames: TrainingFrames, context: Context) -> CnnEncoder:
    """The stored encoder that fits this catalogue, or a new one, trained now and stored."""
    folder, digests = training_frames.encoder_folder, training_frames.digests
    stored = choose_encoder(folder, section, context.seed, digests)
    if stored is not None:
        return load(stored, section)
    frames, size = training_frames.at(section.resolution), SIZES[section.size]
    has_frames = bool((frames.counts > 0).any())
    texts = training_frames.texts() if has_frames else np.zeros((len(frames.counts), 0), np.float32)
    network = train(frames, texts, size, section.resolution, context)
    temporal = None
    if TRAINED_POOLING in section.pooling:
        temporal = train_temporal_transformer(frames, network, size.dimension, context)
    if not has_frames:  # an untrained network is not stored: later files need a training
        return CnnEncoder(network, section, "untrained", temporal)
    about = {"texts": hashlib.sha256(np.ascontiguousarray(texts).tobytes()).hexdigest()}

    def write(path: Path) -> None:
        _save(network, temporal, path)

    return load(store_encoder(folder, section, context.seed, digests, about, write), section)


def load(stored: StoredEncoder, section: VideoSection) -> CnnEncoder:
    """The encoder from its directory. Raises CorruptArtifact."""
    path = stored.weights()
    size = SIZES[section.size]
    network = new_network(size, seed=0)
    weights = load_file(path)
    temporal_weights = {
        name.removeprefix(TEMPORAL_PREFIX): weights.pop(name)
        for name in list(weights)
        if name.startswith(TEMPORAL_PREFIX)
    }
    network.load_state_dict(weights)
    temporal = TemporalTransformer(size.dimension) if temporal_weights else None
    if temporal is not None:
        temporal.load_state_dict(temporal_weights)
    return CnnEncoder(network, section, digest_of_file(path), temporal)


def _save(network: CnnNetwork, temporal: TemporalTransformer | None, path: Path) -> None:
    weights = dict(network.state_dict())
    if temporal is not None:
        named = temporal.state_dict().items()
        weights |= {f"{TEMPORAL_PREFIX}{name}": value for name, value in named}
    save_file({name: value.contiguous() for name, value in weights.items()}, path)
