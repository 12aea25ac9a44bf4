"""Trained encoders kept in the workspace: which one fits a catalogue, and how to add one."""

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

NAME = "transformer"
"""The pooling that is trained with the encoder (see films.py)."""
VERSION = 2
"""Raise it when the network or its training changes."""
WEIGHTS = "encoder.safetensors"
MANIFEST = "manifest.json"
EARS = "ears"
"""Folder, beside the frame encoders, of the networks that hear."""


@dataclass(frozen=True)
class StoredEncoder:
    """One trained encoder: its directory and what its manifest says."""

    directory: Path
    manifest: dict[str, Any]

    @property
    def training(self) -> str:
        """The id of its training: settings, seed and files."""
        return str(self.manifest["training"])

    def weights(self) -> Path:
        """The file of weights; raises CorruptArtifact when it is not as it was written."""
        path = self.directory / WEIGHTS
        if not path.is_file() or digest_of_file(path) != self.manifest["weights"]:
            raise CorruptArtifact(
                f"The trained encoder {path} differs from its manifest.",
                f"Delete the directory {self.directory} and build again.",
            )
        return path


def settings_of(section: VideoSection, seed: int) -> dict[str, Any]:
    """What must be the same for one encoder to stand in for another."""
    names = ("size", "resolution", "frames")
    settings = {name: getattr(section, name) for name in names}
    films = {"films": True} if NAME in section.pooling else {}
    return {"version": VERSION, "seed": seed, **settings, **films}


def training_id(section: VideoSection, seed: int, digests: Sequence[str]) -> str:
    """Names the training on exactly these files."""
    return digest_of_json([settings_of(section, seed), sorted(set(digests))])[:16]


def training_of(folder: Path, section: VideoSection, seed: int, digests: Sequence[str]) -> str:
    """The id of the training of the kept one that fits, or of the one that a build would do."""
    kept = choose_encoder(folder, section, seed, digests)
    return kept.training if kept else training_id(section, seed, digests)


def choose_encoder(
    folder: Path, section: VideoSection, seed: int, digests: Sequence[str]
) -> StoredEncoder | None:
    """The encoder with the same settings that saw most of these files; None if it saw too few.

    Of two that saw as many, the one that saw fewer others: it was made for this catalogue.
    """
    wanted, settings = set(digests), settings_of(section, seed)
    ranked = []
    for kept in _all(folder):
        if kept.manifest.get("settings") == settings:
            seen = set(kept.manifest["digests"])
            ranked.append((-len(seen & wanted), len(seen), kept.directory.name, kept))
    if not ranked or not wanted:
        return None
    share, *_, best = min(ranked, key=lambda entry: entry[:3])
    enough = len(wanted) / (1 + section.retrain_at_growth)
    return best if -share >= enough else None


def keep(
    folder: Path,
    section: VideoSection,
    seed: int,
    digests: Sequence[str],
    about: dict[str, str],
    write: Callable[[Path], None],
) -> StoredEncoder:
    """Adds an encoder whose weights `write(path)` writes; complete or absent, never half."""
    training = training_id(section, seed, digests)
    name = f"{training}-{digest_of_json(about)[:8]}"
    temporary = folder / f".{name}.{os.getpid()}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    write(temporary / WEIGHTS)
    manifest = {
        "training": training,
        "settings": settings_of(section, seed),
        "digests": sorted(set(digests)),
        "about": about,
        "weights": digest_of_file(temporary / WEIGHTS),
    }
    write_json(temporary / MANIFEST, manifest)
    try:
        temporary.rename(folder / name)
    except OSError:  # another process trained the same one a moment ago
        shutil.rmtree(temporary, ignore_errors=True)
    return StoredEncoder(folder / name, read_json(folder / name / MANIFEST) or manifest)


def _all(folder: Path) -> list[StoredEncoder]:
    found = []
    for path in sorted(folder.glob(f"[!.]*/{MANIFEST}")):
        manifest = read_json(path)
        if manifest is not None and "digests" in manifest:
            found.append(StoredEncoder(path.parent, manifest))
    return found
