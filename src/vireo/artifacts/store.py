"""Artifacts in `artifacts/<stage>/<id>/`: written once, hashed, and never changed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.artifacts.files import atomic_path, digest_of_file, digest_of_json, read_json, write_json
from vireo.errors import CorruptArtifact

MANIFEST = "manifest.json"
FORMAT = 1
"""Layout of the manifest."""
_KEYS = {"recipe", "files", "summary", "seconds"}


@dataclass(frozen=True)
class Manifest:
    """Files and recipe of an artifact."""

    stage: str
    id: str
    directory: Path
    recipe: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    """SHA-256 and bytes by relative path."""
    summary: Mapping[str, Any]
    seconds: float
    output_format: int = 0
    """Layout of the other files (`Stage.format`); 0: from an older version."""

    def content(self, parts: Sequence[str] = ()) -> str:
        """Hash of the files with these stems, or of all files."""
        chosen = {
            name: entry["sha256"]
            for name, entry in self.files.items()
            if not parts or Path(name).stem in parts
        }
        return digest_of_json(chosen)

    def is_complete(self) -> bool:
        """Whether every file has its size; `ArtifactStore.verify` reads the bytes."""
        return all(_has_size(self.directory / n, e["bytes"]) for n, e in self.files.items())


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


class ArtifactStore:
    """The artifacts of one workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def id_of(recipe: Mapping[str, Any]) -> str:
        """Artifact id of a recipe: 16 hexadecimal digits."""
        return digest_of_json(recipe)[:16]

    def find(self, stage: str, artifact_id: str) -> Manifest | None:
        """The manifest of a complete artifact, or None."""
        directory = self.root / stage / artifact_id
        raw = read_json(directory / MANIFEST)
        if raw is None or raw.get("format") != FORMAT or not raw.keys() >= _KEYS:
            return None
        parts = {name: raw[name] for name in (*_KEYS, "output_format") if name in raw}
        manifest = Manifest(stage, artifact_id, directory, **parts)
        return manifest if manifest.is_complete() else None

    def write(
        self,
        stage: str,
        recipe: Mapping[str, Any],
        save: Callable[[Path], None],
        summary: Mapping[str, Any],
        seconds: float,
        output_format: int,
    ) -> Manifest:
        """Save, hash and rename an artifact into place; returns its manifest."""
        artifact_id = self.id_of(recipe)
        home = self.root / stage
        home.mkdir(parents=True, exist_ok=True)
        remove_partial(home)
        final = home / artifact_id
        with atomic_path(final) as temporary:  # replaces a damaged artifact
            temporary.mkdir()
            save(temporary)
            manifest = {
                "format": FORMAT,
                "stage": stage,
                "output_format": output_format,
                "recipe": dict(recipe),
                "files": _files_of(temporary),
                "summary": dict(summary),
                "seconds": round(seconds, 3),
                "made_at": int(time.time()),
            }
            write_json(temporary / MANIFEST, manifest)
        found = self.find(stage, artifact_id)
        if found is None:
            raise CorruptArtifact(
                f"{final} could not be written completely.",
                "Look at the free disk space (`df -h`), then build again.",
            )
        return found

    def all(self, stage: str | None = None) -> list[Manifest]:
        """All complete artifacts, of one stage or of all."""
        pattern = f"{stage or '*'}/*/{MANIFEST}"
        paths = sorted(self.root.glob(pattern))
        found = (self.find(path.parent.parent.name, path.parent.name) for path in paths)
        return [manifest for manifest in found if manifest is not None]

    def damaged(self) -> list[Path]:
        """Directories of incomplete artifacts."""
        return [
            path
            for path in sorted(self.root.glob("*/*"))
            if path.is_dir() and not path.name.startswith(".") and path.parent.name != "encoder"
            if self.find(path.parent.name, path.name) is None
        ]

    def verify(self, manifest: Manifest) -> None:
        """Read every file; raises CorruptArtifact for the first that differs."""
        for name, entry in manifest.files.items():
            path = manifest.directory / name
            if not path.exists() or digest_of_file(path) != entry["sha256"]:
                raise CorruptArtifact(
                    f"{path} is not what its manifest says.",
                    f"Delete {manifest.directory} and run `vireo build` again.",
                )


def _files_of(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and size by path within the folder."""
    return {
        path.relative_to(folder).as_posix(): {
            "sha256": digest_of_file(path),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def remove_partial(home: Path) -> None:
    """Remove the leftovers of killed builds."""
    for leftover in home.glob(".*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
