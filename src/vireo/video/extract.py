"""Extraction of one file in a worker process, and the cache of extractions on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vireo.artifacts.files import atomic_path
from vireo.data.remote import CannotFetch, local
from vireo.video.extraction import UNREAD_BANDS, Extraction, ExtractionJob
from vireo.video.memory_limit import memory_limit
from vireo.video.sampling import SamplingPlan
from vireo.video.text.base import SubtitleLine

VERSION = 4
"""Raise it when the same file would give another extraction."""
_ARRAYS = ("pixels", "times", "audio", "mel_bands")
_LAZY = {"pixels": np.zeros((0, 0, 0, 3), np.uint8), "mel_bands": UNREAD_BANDS}
"""Large arrays, loaded on request only, and their placeholders."""


class ExtractionCache:
    """Extractions on disk, one file each; a killed process leaves no partial file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, key: str, extraction: Extraction) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = asdict(extraction)
        contact_sheet = fields.pop("contact_sheet")
        if contact_sheet:
            self.sheet_path(key).write_bytes(contact_sheet)
        arrays = {name: np.ascontiguousarray(fields.pop(name)) for name in _ARRAYS}
        with atomic_path(path) as temporary:
            save_file(arrays, temporary, metadata={"fields": json.dumps(fields)})

    def load(self, key: str, lazy: Sequence[str] = ()) -> Extraction | None:
        """The extraction of a key; None where it is absent or damaged.

        `lazy` names the large arrays ("pixels", "mel_bands") to load as well.
        """
        try:
            with safe_open(self._path(key), "np") as file:
                fields = json.loads(file.metadata()["fields"])
                names = [name for name in _ARRAYS if name in lazy or name not in _LAZY]
                arrays = {name: file.get_tensor(name) for name in names}
        except (OSError, SafetensorError, ValueError, KeyError):
            return None
        fields["dialogue"] = tuple(SubtitleLine(*line) for line in fields["dialogue"])
        return Extraction(**{**_LAZY, **fields, **arrays})

    def contains(self, key: str) -> bool:
        """Whether there is a file for the key."""
        return self._path(key).is_file()

    def sheet_path(self, key: str) -> Path:
        """Path of the contact sheet, which need not exist."""
        return self._path(key).with_suffix(".jpg")

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"


@dataclass(frozen=True)
class ExtractionTask:
    """Worker task: reads one file and saves its extraction in the cache."""

    folder: Path
    plan: SamplingPlan
    memory_limit_mb: int = 0
    """MB by which the process may grow; 0 for no limit."""
    max_download_mb: int = 2000
    """MB of the largest file that is fetched by URL."""

    def __call__(self, job: ExtractionJob) -> str:
        """Returns the status of the file."""
        max_bytes = self.max_download_mb * 1_000_000
        try:
            with (
                local(job.path, max_bytes) as path,
                local(job.subtitles or "", max_bytes) as subtitles,
            ):
                extraction = self._read(path, subtitles if job.subtitles else None)
        except CannotFetch as error:
            extraction = Extraction.failed(str(error), self.plan.resolution)
        ExtractionCache(self.folder).save(job.key, extraction)
        return extraction.status

    def _read(self, path: Path, subtitles: Path | None) -> Extraction:
        from vireo.video.read_file import read_file  # libav, which the main process does not need

        with memory_limit(self.memory_limit_mb):
            return read_file(path, subtitles, self.plan)


def unique_jobs(jobs: Sequence[ExtractionJob]) -> list[ExtractionJob]:
    """The first job of each key: a file may be listed under several video ids."""
    found: dict[str, ExtractionJob] = {}
    for job in jobs:
        found.setdefault(job.key, job)
    return list(found.values())
