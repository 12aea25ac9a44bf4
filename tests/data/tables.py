"""Small tables on disk, and what the readers make of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vireo.data import READERS
from vireo.data.base import DataSection, Split, Tables
from vireo.data.build import build
from vireo.data.readers import RawTables, ReadRequest
from vireo.data.sources import Sources
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.store.base import Store, StoreSection
from vireo.store.sql import open_store

NOW = 1_800_000_000_000
VIDEOS = "video_id,title,category\nv1,First,a\nv2,Second,b\nv3,Third,a\n"
EVENTS = "user_id,video_id,event,timestamp\n"


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def read(
    videos: Path | None,
    events: Path | None = None,
    columns: Mapping[str, str] | None = None,
    reader: str = "table",
) -> RawTables:
    """What a reader makes of two files; the accounting is checked on the way."""
    request = ReadRequest(videos, events, DataSection(), NOW, columns or {})
    tables: RawTables = READERS.get(reader)(request)
    for name, account in tables.counts.items():
        assert account.accepted + sum(account.rejected.values()) == account.read
        rejects = tables.rejects.filter(tables.rejects["table"] == name)
        assert len(rejects) == sum(account.rejected.values())
    tables.frames()
    return tables


def events_of(folder: Path, rows: str, header: str = EVENTS) -> RawTables:
    """A table of events beside the three videos."""
    return read(put(folder, "videos.csv", VIDEOS), put(folder, "events.csv", header + rows))


def store_in(folder: Path) -> Store:
    return open_store(StoreSection(), folder)


def built(sources: Sources, store: Store, folder: Path, split: Split | None = None) -> Tables:
    """The data stage in this process; its accounting is checked on the way."""
    context = Context(Serial(EngineSection()), folder / "cache", NullProgress(), 0)
    tables = build(sources, store, split or Split(), DataSection(), context)
    for name in ("videos", "events"):
        counts = tables.report[name]
        refused = sum(counts["rejected"].values())
        assert counts["accepted"] + refused == counts["read"]
        assert len(tables.rejects.filter(tables.rejects["table"] == name)) == refused
    assert len(tables.events) + len(tables.heldout) == tables.report["events"]["events"]
    return tables
