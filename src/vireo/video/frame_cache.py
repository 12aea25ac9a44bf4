"""The catalogue's files, read once each: only new ones are opened, and only by the engine."""

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
from vireo.video.extract import (
    UNREAD_BANDS,
    VERSION,
    Extract,
    Extraction,
    ExtractionCache,
    ExtractionJob,
    first_of_each,
)
from vireo.video.text.subtitles import beside


@dataclass(frozen=True)
class File:
    """One readable file of the catalogue."""

    video_id: str
    path: str
    digest: str
    words: str | None
    words_digest: str | None


def files_of(media: pl.DataFrame) -> list[File]:
    """The rows that can be read; subtitles beside a file count, named in the table or not."""
    readable = media.filter(pl.col("digest").is_not_null())
    columns = ["video_id", "path", "digest", "subtitles", "subtitles_digest"]
    return [_with_words(File(*row)) for row in readable.select(columns).iter_rows()]


def _with_words(file: File) -> File:
    if file.words is not None or is_url(file.path):
        return file
    found = beside(Path(file.path))
    if found is None:
        return file
    try:
        return replace(file, words=str(found), words_digest=digest_of_file(found))
    except OSError:  # it is there and cannot be read: the reader says so
        return replace(file, words=str(found))


class CatalogueFrames:
    """A TrainingFrames (see base.py) whose frames lie in the cache."""

    def __init__(
        self,
        files: list[File],
        section: VideoSection,
        context: Context,
        encoders: Path,
        texts: Callable[[], Floats],
    ) -> None:
        self.files, self.section, self.context, self.encoders = files, section, context, encoders
        self.digests = [file.digest for file in files]
        self._texts = texts
        self._read: dict[int, CachedFrames] = {}

    def at(self, resolution: int) -> CachedFrames:
        shots = self.unread(resolution)
        for _ in shots.arriving():  # all of them, before anybody looks
            pass
        return shots

    def unread(self, resolution: int) -> CachedFrames:
        """The frames at a resolution; new files are read when `arriving` comes to them."""
        if resolution not in self._read:
            self._read[resolution] = CachedFrames(
                self.files, self.section, self.context, resolution
            )
        return self._read[resolution]

    def texts(self) -> Floats:
        return self._texts()


class CachedFrames:
    """What was taken from each file at one resolution."""

    def __init__(
        self, files: list[File], section: VideoSection, context: Context, resolution: int
    ) -> None:
        self.section, self.context, self.resolution = section, context, resolution
        self.shelf = ExtractionCache(context.cache / "video")
        self.jobs = [ExtractionJob(self._key(file), file.path, file.words) for file in files]
        self.opened = self._failed = 0
        self._lost: dict[str, Extraction] = {}

    def arriving(self) -> Iterator[int]:
        """Every row once, in order, as soon as its file is read; files on the shelf at once.

        Workers read on, a few files ahead, while the caller works on what has come.
        """
        new = [job for job in first_of_each(self.jobs) if not self._known(job.key)]
        awaited = {job.key for job in new}
        section = self.section
        plan = section.plan(self.resolution)
        work = Extract(self.shelf.folder, plan, section.memory_limit_mb, section.max_download_mb)
        outcomes = self.context.engine.map(work, new, timeout=self.section.timeout_seconds)
        with self.context.progress.task("Reading videos", len(new)) as tick:
            for row, job in enumerate(self.jobs):
                if job.key in awaited:
                    awaited.remove(job.key)
                    self._note(job, next(outcomes))
                    self.opened += 1
                    tick(1, self._failures())
                yield row
        for _ in outcomes:  # lets the engine end
            pass

    def taken(self, row: int) -> Extraction:
        """All but the pixels of one file."""
        key = self.jobs[row].key
        return self._lost.get(key) or self.shelf.find(key) or self._gone()

    def pixels(self, row: int) -> Bytes:
        return self._bulk(row, "pixels").pixels

    def bands(self, row: int) -> Bytes:
        """(t, mel.BANDS) uint8 of one file, see `mel.levels`."""
        if self.jobs[row].key in self._lost:
            return UNREAD_BANDS
        return self._bulk(row, "bands").bands

    def _bulk(self, row: int, name: str) -> Extraction:
        found = self.shelf.find(self.jobs[row].key, [name])
        if found is None:
            raise StageFailed(
                f"The {name} of {self.jobs[row].path} vanished from {self.shelf.folder}.",
                "Build again: they are made anew.",
            )
        return found

    def sheet(self, row: int) -> Path | None:
        """The contact sheet of one file."""
        path = self.shelf.sheet(self.jobs[row].key)
        return path if path.is_file() else None

    @cached_property
    def counts(self) -> Ints:
        rows = range(len(self.jobs))
        return np.array([len(self.taken(row).times) for row in rows], dtype=np.int64)

    def _note(self, job: ExtractionJob, outcome: Outcome[str]) -> None:
        self._failed += outcome.kind != "done" or outcome.value == "failed"
        for line in outcome.tries:
            self.context.progress.say(f"{job.path}: {line}")
        if outcome.kind == "done":
            self._is_here(job.key)
            return
        lost = Extraction.failed(f"{outcome.kind}: {outcome.error}", self.resolution)
        self._lost[job.key] = lost
        if outcome.kind == "crash":  # the file's doing; a busy machine can cause the others
            self.shelf.keep(job.key, lost)

    def _is_here(self, key: str) -> None:
        """What a worker put on the shelf must lie on this one, wherever the worker was."""
        if not self.shelf.holds(key):
            raise StageFailed(
                f"A worker has read a file, and nothing of it is in {self.shelf.folder}.",
                "Keep the workspace in a directory that all nodes share, under the same path.",
            )

    def _known(self, key: str) -> bool:
        return key in self._lost or self.shelf.find(key) is not None

    def _failures(self) -> str:
        return f"{self._failed} failed" if self._failed else ""

    def _gone(self) -> Extraction:
        return Extraction.failed("what was taken from it vanished from the cache", self.resolution)

    def _key(self, file: File) -> str:
        settings = [VERSION, asdict(self.section.plan(self.resolution))]
        return digest_of_json([file.digest, file.words_digest, bool(file.words), *settings])
