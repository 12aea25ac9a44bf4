"""The catalogue's files, read once each: only new ones are opened, and only by the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from vireo.arrays import Bytes, Floats, Ints
from vireo.artifacts.files import digest_of_file, digest_of_json
from vireo.engine.base import Context, Outcome
from vireo.errors import StageFailed
from vireo.video.base import VideoSection
from vireo.video.extract import VERSION, Extract, Extraction, Job, Shelf, first_of_each
from vireo.video.words.subtitles import beside


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
    if file.words is not None:
        return file
    found = beside(Path(file.path))
    if found is None:
        return file
    try:
        return replace(file, words=str(found), words_digest=digest_of_file(found))
    except OSError:  # it is there and cannot be read: the reader says so
        return replace(file, words=str(found))


class CatalogueFootage:
    """A Footage (see base.py) whose frames lie in the cache."""

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
        self._read: dict[int, CatalogueShots] = {}

    def at(self, resolution: int) -> CatalogueShots:
        if resolution not in self._read:
            shots = CatalogueShots(self.files, self.section, self.context, resolution)
            shots.open_new_files()
            self._read[resolution] = shots
        return self._read[resolution]

    def texts(self) -> Floats:
        return self._texts()


class CatalogueShots:
    """What was taken from each file at one resolution."""

    def __init__(
        self, files: list[File], section: VideoSection, context: Context, resolution: int
    ) -> None:
        self.section, self.context, self.resolution = section, context, resolution
        self.shelf = Shelf(context.cache / "video")
        self.jobs = [Job(self._key(file), file.path, file.words) for file in files]
        self.opened = 0
        self._lost: dict[str, Extraction] = {}

    def open_new_files(self) -> None:
        """Reads what is not on the shelf yet."""
        new = [job for job in first_of_each(self.jobs) if self.shelf.find(job.key) is None]
        if not new:
            return
        work = Extract(self.shelf.folder, self.section.frames, self.resolution)
        outcomes = self.context.engine.map(work, new, timeout=self.section.timeout)
        with self.context.progress.task("Reading videos", len(new)) as tick:
            for outcome in outcomes:
                self._note(new[outcome.index].key, outcome)
                tick()
        self.opened = len(new)

    def taken(self, row: int) -> Extraction:
        """All but the pixels of one file."""
        key = self.jobs[row].key
        return self._lost.get(key) or self.shelf.find(key) or self._gone()

    def pixels(self, row: int) -> Bytes:
        found = self.shelf.find(self.jobs[row].key, with_pixels=True)
        if found is None:
            raise StageFailed(
                f"The frames of {self.jobs[row].path} vanished from {self.shelf.folder}.",
                "Build again: they are made anew.",
            )
        return found.pixels

    @cached_property
    def counts(self) -> Ints:
        rows = range(len(self.jobs))
        return np.array([len(self.taken(row).times) for row in rows], dtype=np.int64)

    def _note(self, key: str, outcome: Outcome[str]) -> None:
        if outcome.kind == "done":
            return
        lost = Extraction.failed(f"{outcome.kind}: {outcome.error}", self.resolution)
        self._lost[key] = lost
        if outcome.kind == "crash":  # the file's doing; a busy machine can cause the others
            self.shelf.keep(key, lost)

    def _gone(self) -> Extraction:
        return Extraction.failed("what was taken from it vanished from the cache", self.resolution)

    def _key(self, file: File) -> str:
        settings = [VERSION, self.section.frames, self.resolution]
        return digest_of_json([file.digest, file.words_digest, bool(file.words), *settings])
