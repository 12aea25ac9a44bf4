"""Ingested tables as immutable sources: accepted rows, rejects, and row counts."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from vireo.artifacts.files import digest_of_file, digest_of_json, read_json, write_json
from vireo.data import READERS
from vireo.data.base import DataSection
from vireo.data.erasure import user_ids_in, without_user
from vireo.data.readers import RAW_SCHEMAS, RawTables, ReadRequest
from vireo.engine.progress import NullProgress, Progress
from vireo.errors import InputError, StageFailed

T = TypeVar("T")
Frames = Mapping[str, pl.DataFrame]
INDEX = "index.json"
REPORT = "report.json"


@dataclass(frozen=True)
class Source:
    """One ingested pair of tables: Parquet files of RAW_SCHEMAS, and a report."""

    id: str
    directory: Path
    report: Mapping[str, Any]
    """`tables`: row counts by table; `origin`: digest of the input."""

    def frame(self, name: str) -> pl.DataFrame:
        """One of RAW_SCHEMAS by name."""
        return pl.read_parquet(self.directory / f"{name}.parquet")

    def frames(self) -> dict[str, pl.DataFrame]:
        return {name: self.frame(name) for name in RAW_SCHEMAS}

    @property
    def accounts(self) -> Mapping[str, Any]:
        tables: Mapping[str, Any] = self.report["tables"]
        return tables


@dataclass(frozen=True)
class Sources:
    """The sources of a workspace, in order of ingestion.

    The lock of the workspace allows one writer; a killed one leaves complete sources, and files
    that the next writer removes.
    """

    root: Path

    def add(
        self,
        videos: Path | None,
        events: Path | None,
        *,
        format: str = "table",
        columns: Mapping[str, str] | None = None,
        section: DataSection | None = None,
        now: int | None = None,
        replace: bool = False,
        progress: Progress | None = None,
        naming: Callable[[Frames], Frames] = dict,
    ) -> Source:
        """Read, check and store two tables; ingesting equal files again changes nothing.

        `columns` maps file columns to ours, `now` is the time of reading (ms), `replace` removes
        earlier sources, `naming` transforms the tables before they are stored. Raises InputError
        for invalid files, and if no video is accepted and none was before.
        """
        read = READERS.get(format)
        section = section or DataSection()
        moment = round(time.time() * 1000) if now is None else now
        request = ReadRequest(videos, events, section, moment, dict(columns or {}))
        origin = _origin(request, format)
        before = self._usable() if replace else self.all()
        source = next((known for known in before if known.report["origin"] == origin), None)
        if source is not None and not self.is_whole(source):
            source = None  # damaged: read again
        if source is None:
            with (progress or NullProgress()).task("reading tables", None):
                tables = read(request)
            _check(tables, request, [] if replace else before)
            accounts = {name: account.as_json() for name, account in tables.counts.items()}
            report = {"format": format, "origin": origin, "tables": accounts}
            source = self._write(naming(tables.frames()), report)
        self._index([source.id] if replace else [*(known.id for known in before), source.id])
        return source

    def all(self) -> list[Source]:
        """All sources, in order of ingestion."""
        return [self._open(name) for name in self._indexed()]

    def any_there(self) -> bool:
        """Whether anything was ingested, even if it is damaged."""
        return (self.root / INDEX).exists()

    def is_whole(self, source: Source) -> bool:
        """Whether the tables match their hashes; reads them all."""
        return _is_sound(source.directory)

    def _usable(self) -> list[Source]:
        """The sources that can be opened."""
        try:
            names = self._indexed()
        except InputError:
            return []
        return [self._open(name) for name in names if read_json(self.root / name / REPORT)]

    def _indexed(self) -> list[str]:
        path = self.root / INDEX
        if not path.exists():
            return []
        index = read_json(path)
        if index is None or not isinstance(index.get("sources"), list):
            raise InputError(
                f"{path} is damaged, so the ingested sources are unknown.",
                "Ingest all tables again: `vireo ingest --replace` for the first.",
            )
        return [str(name) for name in index["sources"]]

    def each(self, look: Callable[[Source], T]) -> list[T]:
        """Results of `look` for every source; repeated if a writer replaced them meanwhile."""
        while True:
            names = self._indexed()
            try:
                return [look(self._open(name)) for name in names]
            except (OSError, InputError):
                if self._indexed() == names:
                    raise

    def named(self) -> set[str]:
        """Ids of all users in any row, rejects included; may hold other cells of rejects."""
        users: set[str] = set()
        for source in self.all():
            users |= user_ids_in(source.frames(), source.report)
        return users

    def mentions(self, user_id: str) -> bool:
        """Whether any row, rejects included, belongs to this user."""

        def found(source: Source) -> bool:
            return without_user(source.frames(), source.report, user_id)[2] > 0

        return any(self.each(found))

    def forget(self, user_id: str) -> int:
        """Rewrite the sources without the user's rows, rejects included; returns how many."""
        removed, ids = 0, []
        for source in self.all():
            kept, report, count = without_user(source.frames(), source.report, user_id)
            ids.append(self._write(kept, report).id if count else source.id)
            removed += count
        self._index(ids)
        return removed

    @classmethod
    def written(
        cls, root: Path, tables: Iterable[tuple[Mapping[str, pl.DataFrame], Mapping[str, Any]]]
    ) -> Sources:
        """Write sources (frames of RAW_SCHEMAS and report) to an empty directory."""
        sources = cls(root)
        sources._index([sources._write(frames, report).id for frames, report in tables])
        return sources

    def _open(self, name: str) -> Source:
        report = read_json(self.root / name / REPORT)
        if report is None:
            raise InputError(
                f"The ingested source {self.root / name} is missing or damaged.",
                "Ingest its tables again with `vireo ingest --replace`.",
            )
        return Source(name, self.root / name, report)

    def _write(self, frames: Mapping[str, pl.DataFrame], report: Mapping[str, Any]) -> Source:
        """Write a source atomically; the hash of its tables is its name."""
        self.root.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self.root))
        try:
            for name, frame in frames.items():
                frame.write_parquet(temporary / f"{name}.parquet")
            write_json(temporary / REPORT, report)
            home = self.root / _name_of(temporary)
            if home.exists() and not _is_sound(home):
                shutil.rmtree(home)  # damaged
            if not home.exists():
                temporary.chmod(0o755)
                temporary.rename(home)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return self._open(home.name)

    def _index(self, ids: list[str]) -> None:
        """Write the index of sources, then remove all other files."""
        self.root.mkdir(parents=True, exist_ok=True)
        kept = list(dict.fromkeys(ids))
        write_json(self.root / INDEX, {"sources": kept})
        for path in self.root.iterdir():
            if path.name not in (*kept, INDEX):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _name_of(directory: Path) -> str:
    """Hash of the tables in a directory."""
    content = {n: digest_of_file(directory / f"{n}.parquet") for n in sorted(RAW_SCHEMAS)}
    return digest_of_json(content)[:16]


def _is_sound(directory: Path) -> bool:
    """Whether the report is readable and the tables match their hash."""
    try:
        whole = _name_of(directory) == directory.name
    except OSError:
        return False
    return whole and read_json(directory / REPORT) is not None


def _origin(request: ReadRequest, reader: str) -> str:
    """Digest of all inputs of a read, except its time."""
    folder = request.videos.resolve().parent if request.videos else None
    return digest_of_json(
        {
            "reader": reader,
            "videos": _content(request.videos),
            "events": _content(request.events),
            "folder": str(folder),  # base of relative paths
            "columns": dict(request.columns),
            "section": request.section.model_dump(mode="json"),
        }
    )


def _content(path: Path | None) -> Any:
    """Digest of a file, or of each file in a folder; None for other paths."""
    if path is None or not path.exists():
        return None
    if not path.is_dir():
        return [path.suffixes, digest_of_file(path)] if path.is_file() else None
    files = sorted(entry for entry in path.iterdir() if entry.is_file())
    return {file.name: digest_of_file(file) for file in files}


def _check(tables: RawTables, request: ReadRequest, before: list[Source]) -> None:
    for name, account in tables.counts.items():
        if account.accepted + sum(account.rejected.values()) != account.read:
            raise StageFailed(
                f"The reader lost rows of {name}: {account.read} read, {account.accepted}"
                f" accepted, {sum(account.rejected.values())} rejected.",
                "Report this, with the reader's name and a small table.",
            )
    from_events = request.videos is None and len(tables.events) > 0
    known = any(len(source.frame("videos")) for source in before)
    if len(tables.videos) or known or from_events:
        return
    reasons = [
        f"{count} {name}: {why}"
        for name, account in tables.counts.items()
        for why, count in account.rejected.items()
    ]
    raise InputError(
        f"Nothing usable is left: no video was accepted. Rejected: {'; '.join(reasons) or 'none'}.",
        "Mend those rows, or map the columns with `--columns THEIRS=OURS`.",
    )
