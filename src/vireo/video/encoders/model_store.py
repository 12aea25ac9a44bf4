"""Trained encoders stored in the workspace: choosing one for a catalogue, adding one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.artifacts.files import digest_of_file, digest_of_json, read_json, write_json
from vireo.errors import CorruptArtifact
from vireo.video.base import VideoSection

TRAINED_POOLING = "transformer"
"""The pooling that is trained with the encoder (see temporal_transformer.py)."""
VERSION = 2
"""Raise it when the network or its training changes."""
WEIGHTS = "encoder.safetensors"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class StoredEncoder:
    """One trained encoder: its directory and its manifest."""

    directory: Path
    manifest: dict[str, Any]

    @property
    def training(self) -> str:
        """Id of its training: hash of settings, seed and files."""
        return str(self.manifest["training"])

    def weights(self) -> Path:
        """Path of the weights. Raises CorruptArtifact where they differ from the manifest."""
        path = self.directory / WEIGHTS
        if not path.is_file() or digest_of_file(path) != self.manifest["weights"]:
            raise CorruptArtifact(
                f"The trained encoder {path} differs from its manifest.",
                f"Delete the directory {self.directory} and build again.",
            )
        return path


def training_settings(section: VideoSection, seed: int) -> dict[str, Any]:
    """Settings in which a stored encoder must agree with the section to be used for it."""
    names = ("size", "resolution", "frames")
    settings = {name: getattr(section, name) for name in names}
    pooling = {"pooling": TRAINED_POOLING} if TRAINED_POOLING in section.pooling else {}
    return {"version": VERSION, "seed": seed, **settings, **pooling}


def training_id(section: VideoSection, seed: int, digests: Sequence[str]) -> str:
    """Id of the training on exactly these files."""
    return digest_of_json([training_settings(section, seed), sorted(set(digests))])[:16]


def expected_training_id(
    folder: Path, section: VideoSection, seed: int, digests: Sequence[str]
) -> str:
    """Training id of the stored encoder that a build would use, or of the one it would train."""
    stored = choose_encoder(folder, section, seed, digests)
    return stored.training if stored else training_id(section, seed, digests)


def choose_encoder(
    folder: Path, section: VideoSection, seed: int, digests: Sequence[str]
) -> StoredEncoder | None:
    """The encoder of equal settings trained on most of these files; None if on too few.

    Of two trained on as many, the one trained on fewer others.
    """
    files, settings = set(digests), training_settings(section, seed)
    ranked = []
    for stored in _all_encoders(folder):
        if stored.manifest.get("settings") == settings:
            trained_on = set(stored.manifest["digests"])
            overlap = len(trained_on & files)
            ranked.append((-overlap, len(trained_on), stored.directory.name, stored))
    if not ranked or not files:
        return None
    negative_overlap, *_, best = min(ranked, key=lambda entry: entry[:3])
    required = len(files) / (1 + section.retrain_at_growth)
    return best if -negative_overlap >= required else None


def store_encoder(
    folder: Path,
    section: VideoSection,
    seed: int,
    digests: Sequence[str],
    about: dict[str, str],
    write: Callable[[Path], None],
) -> StoredEncoder:
    """Adds an encoder atomically; `write(path)` writes its weights."""
    training = training_id(section, seed, digests)
    name = f"{training}-{digest_of_json(about)[:8]}"
    temporary = folder / f".{name}.{os.getpid()}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    write(temporary / WEIGHTS)
    manifest = {
        "training": training,
        "settings": training_settings(section, seed),
        "digests": sorted(set(digests)),
        "about": about,
        "weights": digest_of_file(temporary / WEIGHTS),
    }
    write_json(temporary / MANIFEST, manifest)
    try:
        temporary.rename(folder / name)
    except OSError:  # another process has stored the same training
        shutil.rmtree(temporary, ignore_errors=True)
    return StoredEncoder(folder / name, read_json(folder / name / MANIFEST) or manifest)


def _all_encoders(folder: Path) -> list[StoredEncoder]:
    found = []
    for path in sorted(folder.glob(f"[!.]*/{MANIFEST}")):
        manifest = read_json(path)
        if manifest is not None and "digests" in manifest:
            found.append(StoredEncoder(path.parent, manifest))
    return found
