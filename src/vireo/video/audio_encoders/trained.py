"""The sound through the small network, which is trained on the catalogue's own sounds.

Networks are kept and chosen as those of `cnn` are (encoders/kept.py), vectors by file and network.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from vireo.arrays import Floats
from vireo.artifacts.files import digest_of_json
from vireo.engine.base import Context
from vireo.video.audio_encoders.cnn import DIMENSION, Network, fresh, heard_by, train
from vireo.video.base import AudioEncoder, AudioSource, TrainingFrames, VideoSection
from vireo.video.encode import keep_parts, parts_at
from vireo.video.encoders.model_store import EARS, StoredEncoder, choose_encoder, keep


def provide(
    section: VideoSection, footage: TrainingFrames, sounds: AudioSource, context: Context
) -> AudioEncoder:
    """The kept network that fits this catalogue, or one that is trained on it now.

    Files without sound get a row of zeros.
    """
    kept = _kept(section, footage, sounds, context)
    network = fresh(context.seed)
    network.load_state_dict(load_file(kept.weights()))
    network.eval()
    name = digest_of_json(["audio_encoder", kept.manifest["weights"]])[:16]
    folder = context.cache / "video-sounds" / name

    def hear(row: int) -> Floats:
        if not sounds.taken(row).has_sound:
            return np.zeros(2 * DIMENSION, np.float32)
        key = sounds.jobs[row].key
        path = folder / key[:2] / f"{key}.safetensors"
        found = parts_at(path, (2, DIMENSION))
        if found is None:
            found = heard_by(network, sounds.bands(row)).reshape(2, DIMENSION)
            keep_parts(path, found)
        return found.reshape(-1)

    return hear


def _kept(
    section: VideoSection, footage: TrainingFrames, sounds: AudioSource, context: Context
) -> StoredEncoder:
    folder, seed, digests = footage.encoders / EARS, context.seed, footage.digests
    kept = choose_encoder(folder, section, seed, digests)
    if kept is not None:
        return kept
    rows = [row for row in range(len(digests)) if sounds.taken(row).has_sound]
    texts = footage.texts()[rows] if rows else np.zeros((0, 0), np.float32)
    network = train([sounds.bands(row) for row in rows], texts, context)

    def write(path: Path) -> None:
        _save(network, path)

    return keep(folder, section, seed, digests, {}, write)


def _save(network: Network, path: Path) -> None:
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)
