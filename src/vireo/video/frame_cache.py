"""Extractions of the catalogue's files: new files are read by the engine, others from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from vireo.arrays import Bytes, Floats, Ints
from vireo.artifacts.files import digest_of_file, digest_of_json
from vireo.data.remote import is_url
from vireo.engine.base import Context, Outcome
from vireo.errors import StageFailed
from vireo.video.base import VideoSection
from vireo.video.extract import VERSION, ExtractionCache, ExtractionTask, unique_jobs
from vireo.video.extraction import UNREAD_BANDS, Extraction, ExtractionJob
from vireo.video.text.subtitles import find_sidecar


@dataclass(frozen=True)
class CatalogueFile:
    """One readable file of the catalogue."""

    video_id: str
    path: str
    digest: str
    subtitles: str | None
    subtitles_digest: str | None


def catalogue_files(media: pl.DataFrame) -> list[CatalogueFile]:
    """The readable rows, with their subtitle files, named in the table or beside the video."""
    readable = media.filter(pl.col("digest").is_not_null())
    columns = ["video_id", "path", "digest", "subtitles", "subtitles_digest"]
    return [_with_sidecar(CatalogueFile(*row)) for row in readable.select(columns).iter_rows()]


def _with_sidecar(file: CatalogueFile) -> CatalogueFile:
    if file.subtitles is not None or is_url(file.path):
        return file
    sidecar = find_sidecar(Path(file.path))
    if sidecar is None:
        return file
    try:
        return replace(file, subtitles=str(sidecar), subtitles_digest=digest_of_file(sidecar))
    except OSError:  # the extraction reports that it cannot be read
        return replace(file, subtitles=str(sidecar))


class CatalogueFrames:
    """Implements TrainingFrames (base.py) on the extraction cache."""

    def __init__(
        self,
        files: list[CatalogueFile],
        section: VideoSection,
        context: Context,
        encoder_folder: Path,
        texts: Callable[[], Floats],
    ) -> None:
        self.files, self.section, self.context = files, section, context
        self.encoder_folder = encoder_folder
        self.digests = [file.digest for file in files]
        self._texts = texts
        self._by_resolution: dict[int, CachedFrames] = {}

    def at(self, resolution: int) -> CachedFrames:
        """The frames at a resolution, after all files have been read."""
        frames = self.lazy_at(resolution)
        for _ in frames.iter_read():
            pass
        return frames

    def lazy_at(self, resolution: int) -> CachedFrames:
        """The frames at a resolution; new files are read while `iter_read` is consumed."""
        if resolution not in self._by_resolution:
            self._by_resolution[resolution] = CachedFrames(
                self.files, self.section, self.context, resolution
            )
        return self._by_resolution[resolution]

    def texts(self) -> Floats:
        return self._texts()


class CachedFrames:
    """Extractions of all files at one resolution; implements FrameSource and AudioSource."""

    def __init__(
        self,
        files: list[CatalogueFile],
        section: VideoSection,
        context: Context,
        resolution: int,
    ) -> None:
        self.section, self.context, self.resolution = section, context, resolution
        self.cache = ExtractionCache(context.cache / "video")
        self.jobs = [ExtractionJob(self._key(file), file.path, file.subtitles) for file in files]
        self.n_opened = self._n_failed = 0
        self._uncached: dict[str, Extraction] = {}
        """Failures that may be temporary (time limit, lost worker), by key."""

    def iter_read(self) -> Iterator[int]:
        """Every row once, in order, as soon as its file is read; cached files at once.

        Workers read a few files ahead while the caller works on the yielded rows.
        """
        new = [job for job in unique_jobs(self.jobs) if not self._is_known(job.key)]
        pending = {job.key for job in new}
        section = self.section
        plan = section.plan(self.resolution)
        task = ExtractionTask(
            self.cache.folder, plan, section.memory_limit_mb, section.max_download_mb
        )
        outcomes = self.context.engine.map(task, new, timeout=self.section.timeout_seconds)
        with self.context.progress.task("Reading videos", len(new)) as tick:
            for row, job in enumerate(self.jobs):
                if job.key in pending:
                    pending.remove(job.key)
                    self._record(job, next(outcomes))
                    self.n_opened += 1
                    tick(1, f"{self._n_failed} failed" if self._n_failed else "")
                yield row
        for _ in outcomes:  # lets the engine finish
            pass

    def extraction(self, row: int) -> Extraction:
        """The extraction of one file without its large arrays."""
        key = self.jobs[row].key
        return self._uncached.get(key) or self.cache.load(key) or self._vanished()

    def pixels(self, row: int) -> Bytes:
        return self._with_array(row, "pixels").pixels

    def mel_bands(self, row: int) -> Bytes:
        """(t, mel.BANDS) uint8 of one file, see `mel.dequantize_log_mel`."""
        if self.jobs[row].key in self._uncached:
            return UNREAD_BANDS
        return self._with_array(row, "mel_bands").mel_bands

    def _with_array(self, row: int, name: str) -> Extraction:
        found = self.cache.load(self.jobs[row].key, [name])
        if found is None:
            raise StageFailed(
                f"The {name} of {self.jobs[row].path} vanished from {self.cache.folder}.",
                "Build again: they are extracted again.",
            )
        return found

    def sheet_path(self, row: int) -> Path | None:
        """The contact sheet of one file; None where there is none."""
        path = self.cache.sheet_path(self.jobs[row].key)
        return path if path.is_file() else None

    @cached_property
    def counts(self) -> Ints:
        rows = range(len(self.jobs))
        return np.array([len(self.extraction(row).times) for row in rows], dtype=np.int64)

    def _record(self, job: ExtractionJob, outcome: Outcome[str]) -> None:
        self._n_failed += outcome.kind != "done" or outcome.value == "failed"
        for line in outcome.failed_attempts:
            self.context.progress.say(f"{job.path}: {line}")
        if outcome.kind == "done":
            self._check_cached(job.key)
            return
        failure = Extraction.failed(f"{outcome.kind}: {outcome.error}", self.resolution)
        self._uncached[job.key] = failure
        if outcome.kind == "crash":  # caused by the file; a busy machine can cause the others
            self.cache.save(job.key, failure)

    def _check_cached(self, key: str) -> None:
        """The extraction must be in this process's cache, whichever machine read the file."""
        if not self.cache.contains(key):
            raise StageFailed(
                f"A worker has read a file, and nothing of it is in {self.cache.folder}.",
                "Keep the workspace in a directory that all nodes share, under the same path.",
            )

    def _is_known(self, key: str) -> bool:
        return key in self._uncached or self.cache.load(key) is not None

    def _vanished(self) -> Extraction:
        return Extraction.failed("its extraction vanished from the cache", self.resolution)

    def _key(self, file: CatalogueFile) -> str:
        settings = [VERSION, asdict(self.section.plan(self.resolution))]
        subtitles = [file.subtitles_digest, bool(file.subtitles)]
        return digest_of_json([file.digest, *subtitles, *settings])
