"""Push and pull: a copy of the published artifacts at any URL that fsspec reads and writes.

The copy holds only the published set, so the next push removes erased data. A manifest is written
after its files, and the list of the set last: a reader sees a complete set or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from vireo.artifacts.files import atomic_path, digest_of_file
from vireo.artifacts.published import PublishedPointer
from vireo.artifacts.store import MANIFEST, ArtifactStore, Manifest, remove_partial
from vireo.engine.progress import Progress
from vireo.errors import CorruptArtifact, InputError

_SET = "live.json"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class TransferReport:
    """Counts of artifacts that a push or a pull copied, found or removed."""

    stages: Mapping[str, str]
    """Artifact id by stage, as published."""
    copied: int
    already_there: int
    removed: int = 0
    bytes: int = 0


class RemoteStore:
    """The copy at a URL, such as `s3://bucket/vireo`, or in a shared directory."""

    def __init__(self, url: str) -> None:
        """Raises InputError for a URL of no installed file system."""
        if not url.strip():
            raise InputError("The URL is empty.", "Name a directory or a URL.")
        self.url = url
        try:
            self._system, root = fsspec.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise InputError(
                f"{url} cannot be used: {error}",
                "Name a directory, or a URL whose file system is installed (s3:// needs s3fs).",
            ) from None
        self._root = root.rstrip("/")

    def push(
        self, artifacts: ArtifactStore, live: PublishedPointer, progress: Progress
    ) -> TransferReport:
        """Copy the published artifacts, then remove all others from the copy.

        Raises NotBuilt before the first build, InputError for a URL that cannot be written.
        """
        stages = live.current()
        manifests = [_found(artifacts, stage, id_) for stage, id_ in sorted(stages.items())]
        self._refuse_a_workspace()
        copied = size = 0
        with self._access("written"), progress.task("copying", len(manifests)) as tick:
            for manifest in manifests:
                if not self._system.exists(self._at(manifest.stage, manifest.id, MANIFEST)):
                    size += self._send(manifest)
                    copied += 1
                tick(1, manifest.stage)
            document = json.dumps({"stages": stages}, indent=1, sort_keys=True)
            self._system.pipe_file(self._at(_SET), document.encode())
            removed = self._remove_others(stages)
        return TransferReport(stages, copied, len(manifests) - copied, removed, size)

    def pull(
        self, artifacts: ArtifactStore, live: PublishedPointer, progress: Progress
    ) -> TransferReport:
        """Fetch missing artifacts, verify their hashes, then publish the set.

        Raises InputError if nothing was pushed, CorruptArtifact for a file with another hash; the
        published set is unchanged then.
        """
        stages = self._set()
        copied = size = 0
        with progress.task("copying", len(stages)) as tick:
            for stage, id_ in sorted(stages.items()):
                if artifacts.find(stage, id_) is None:
                    size += self._fetch(artifacts, stage, id_)
                    copied += 1
                tick(1, stage)
        live.publish(stages)
        return TransferReport(stages, copied, len(stages) - copied, 0, size)

    def _refuse_a_workspace(self) -> None:
        with self._access("read"):
            if self._system.exists(f"{self._root}/vireo.toml"):
                raise InputError(
                    f"{self.url} is a workspace: a push would remove its earlier builds.",
                    "Name another directory; `vireo pull` brings a set into a workspace.",
                )

    def _send(self, manifest: Manifest) -> int:
        for name in [*manifest.files, MANIFEST]:
            there = self._at(manifest.stage, manifest.id, name)
            self._system.makedirs(str(PurePosixPath(there).parent), exist_ok=True)
            self._system.put_file(str(manifest.directory / name), there)
        return sum(int(entry["bytes"]) for entry in manifest.files.values())

    def _remove_others(self, stages: Mapping[str, str]) -> int:
        """Remove artifacts outside this set, manifest first; returns their number."""
        removed = 0
        for stage in stages:
            for id_ in _names(self._system, self._at(stage)):
                if _ID.fullmatch(id_) and stages[stage] != id_:
                    manifest = self._at(stage, id_, MANIFEST)
                    if self._system.exists(manifest):
                        self._system.rm_file(manifest)
                    self._system.rm(self._at(stage, id_), recursive=True)
                    removed += 1
        return removed

    def _set(self) -> dict[str, str]:
        with self._access("read"):
            if not self._system.exists(self._at(_SET)):
                raise InputError(
                    f"Nothing was pushed to {self.url}.",
                    f"Where it was built: vireo push {self.url}",
                )
            document = json.loads(self._system.cat_file(self._at(_SET)))
            stages = {str(stage): str(id_) for stage, id_ in document["stages"].items()}
        for name in [*stages, *stages.values()]:
            self._check(_NAME.fullmatch(name) is not None, name)
        return stages

    def _fetch(self, artifacts: ArtifactStore, stage: str, id_: str) -> int:
        """Fetch, verify and rename one artifact into place; returns its bytes."""
        home = artifacts.root / stage
        home.mkdir(parents=True, exist_ok=True)
        remove_partial(home)
        with atomic_path(home / id_) as folder:  # replaces a damaged artifact
            folder.mkdir()
            files = self._manifest(stage, id_, folder)
            for name, entry in files.items():
                self._check(_is_inside(name), name)
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                with self._access("read"):
                    self._system.get_file(self._at(stage, id_, name), str(file))
                self._check(digest_of_file(file) == entry["sha256"], f"{stage}/{id_}/{name}")
        _found(artifacts, stage, id_)
        return sum(int(entry["bytes"]) for entry in files.values())

    def _manifest(self, stage: str, id_: str, folder: Path) -> dict[str, Any]:
        with self._access("read"):
            self._system.get_file(self._at(stage, id_, MANIFEST), str(folder / MANIFEST))
            document = json.loads((folder / MANIFEST).read_bytes())
            files: dict[str, Any] = document["files"]
        self._check(ArtifactStore.id_of(document["recipe"]) == id_, f"{stage}/{id_}/{MANIFEST}")
        return files

    def _check(self, is_valid: bool, name: str) -> None:
        if not is_valid:
            raise CorruptArtifact(
                f"{name} at {self.url} is not what its manifest says.",
                f"Push once more where it was built: vireo push {self.url}",
            )

    def _at(self, *names: str) -> str:
        if names == (_SET,):
            return f"{self._root}/{_SET}"
        return "/".join((self._root, "artifacts", *names))

    @contextmanager
    def _access(self, what: str) -> Iterator[None]:
        """InputError for any error of a file system; each has its own exceptions."""
        try:
            yield
        except (InputError, CorruptArtifact, KeyboardInterrupt):
            raise
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"{self.url} cannot be {what}: {type(error).__name__}: {text[:200]}",
                "Check the address, the rights and the network, then try again.",
            ) from None


def _names(system: Any, directory: str) -> list[str]:
    """Names in a directory; none if it does not exist."""
    if not system.exists(directory):
        return []
    system.invalidate_cache()
    return sorted(
        PurePosixPath(path.rstrip("/")).name for path in system.ls(directory, detail=False)
    )


def _is_inside(name: str) -> bool:
    """Whether a relative path stays within its directory."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _found(artifacts: ArtifactStore, stage: str, id_: str) -> Manifest:
    manifest = artifacts.find(stage, id_)
    if manifest is None:
        raise CorruptArtifact(
            f"The artifact {stage}/{id_} is published, but incomplete.", "Run `vireo build` again."
        )
    return manifest
