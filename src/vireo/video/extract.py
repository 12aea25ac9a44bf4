"""What was taken from one file, the shelf that keeps it, and the work that a process does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vireo.arrays import Bytes, Floats
from vireo.artifacts.files import atomic_path
from vireo.data.remote import CannotFetch, local
from vireo.video.memory_limit import at_most
from vireo.video.sampling import SamplingPlan
from vireo.video.text.subtitles import SubtitleLine

VERSION = 3
"""Raise it when the same file would give something else."""


@dataclass(frozen=True)
class Extraction:
    """Frames, sound and words of one file, or the reason why there are none."""

    status: str
    reason: str
    pixels: Bytes
    """(n * looks, resolution, resolution, 3): the looks of one frame follow each other."""
    times: Floats
    """(n,) seconds"""
    sound: Floats
    """(sound.DIMENSION,), zeros without sound; (0,) where the file failed."""
    bands: Bytes
    """(t, mel.BANDS) uint8, see `mel.levels`; none without sound."""
    has_sound: bool = False
    loudness: float | None = None
    """Decibels below full scale; with `speech` and `tempo` see hearing.py."""
    speech: float | None = None
    tempo: float | None = None
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    dialogue: tuple[SubtitleLine, ...] = ()
    words: str = ""
    """Where the lines come from, once that is known (see words/missing.py)."""
    sheet: bytes = b""
    """A JPEG; kept beside the rest, so it is b"" in what comes from the shelf."""

    @classmethod
    def failed(cls, reason: str, resolution: int) -> Extraction:
        """A file that gave nothing."""
        nothing = np.zeros((0, resolution, resolution, 3), np.uint8)
        empty = np.zeros(0, np.float32)
        return cls("failed", reason, nothing, empty, empty, UNREAD_BANDS)


class ExtractionCache:
    """Extractions on disk, one file each: complete or absent, whatever kills the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, key: str, extraction: Extraction) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        about = asdict(extraction)
        sheet = about.pop("sheet")
        if sheet:
            self.sheet(key).write_bytes(sheet)
        arrays = {name: np.ascontiguousarray(about.pop(name)) for name in _ARRAYS}
        with atomic_path(path) as temporary:
            save_file(arrays, temporary, metadata={"about": json.dumps(about)})

    def find(self, key: str, also: Sequence[str] = ()) -> Extraction | None:
        """What is kept under the key; "pixels" and "bands" only if asked: they are the bulk."""
        try:
            with safe_open(self._path(key), "np") as file:
                about = json.loads(file.metadata()["about"])
                wanted = [name for name in _ARRAYS if name in also or name not in _BULK]
                arrays = {name: file.get_tensor(name) for name in wanted}
        except (OSError, SafetensorError, ValueError, KeyError):
            return None  # absent or damaged: it is made again
        about["dialogue"] = tuple(SubtitleLine(*line) for line in about["dialogue"])
        return Extraction(**{**_BULK, **about, **arrays})

    def holds(self, key: str) -> bool:
        """Whether anything is kept under the key."""
        return self._path(key).is_file()

    def sheet(self, key: str) -> Path:
        """Where the contact sheet of the extraction lies, if it has one."""
        return self._path(key).with_suffix(".jpg")

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"


UNREAD_BANDS: Bytes = np.zeros((0, 0), np.uint8)
_ARRAYS = ("pixels", "times", "sound", "bands")
_BULK = {"pixels": np.zeros((0, 0, 0, 3), np.uint8), "bands": UNREAD_BANDS}
"""Arrays that are not read unless they are asked for."""


@dataclass(frozen=True)
class ExtractionJob:
    """One file to read, the subtitles beside it, and the key of what comes out."""

    key: str
    path: str
    words: str | None


@dataclass(frozen=True)
class Extract:
    """Runs in a worker: reads a file and puts what it found on the shelf."""

    folder: Path
    plan: SamplingPlan
    memory: int = 0
    """MB that the process may take beyond what it has; 0 for no limit."""
    fetch: int = 2000
    """MB of the largest file that is fetched by URL."""

    def __call__(self, job: ExtractionJob) -> str:
        """The status of the file."""
        most = self.fetch * 1_000_000
        try:
            with local(job.path, most) as path, local(job.words or "", most) as words:
                extraction = self._read(path, words if job.words else None)
        except CannotFetch as error:
            extraction = Extraction.failed(str(error), self.plan.resolution)
        ExtractionCache(self.folder).keep(job.key, extraction)
        return extraction.status

    def _read(self, path: Path, words: Path | None) -> Extraction:
        from vireo.video.read_file import read  # loads libav, which the main process can do without

        with at_most(self.memory):
            return read(path, words, self.plan)


def first_of_each(jobs: Sequence[ExtractionJob]) -> list[ExtractionJob]:
    """The jobs without those whose key came before: the same file under two ids."""
    found: dict[str, ExtractionJob] = {}
    for job in jobs:
        found.setdefault(job.key, job)
    return list(found.values())
