"""Sources: the same again is nothing, a killed ingest leaves no half, forgetting is complete."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.tables import EVENTS, NOW, VIDEOS, put
from vireo.data.base import DataSection
from vireo.data.readers import RAW_SCHEMAS
from vireo.data.sources import Source, Sources
from vireo.errors import InputError, UnknownPart

ROWS = "ana,v1,like,1700000000\nbo,v2,like,1700000001\nana,v9,like,1700000002\nana,v1,like,soon\n"


def add(sources: Sources, videos: Path | None, events: Path | None, **options: bool) -> Source:
    return sources.add(videos, events, section=DataSection(), now=NOW, **options)  # type: ignore[arg-type]


def bytes_under(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


def test_a_source_holds_all_and_its_report_adds_up(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    assert sources.all() == []
    source = add(sources, put(tmp_path, "v.csv", VIDEOS), put(tmp_path, "e.csv", EVENTS + ROWS))
    assert [known.id for known in sources.all()] == [source.id]
    for name, schema in RAW_SCHEMAS.items():
        assert dict(source.frame(name).schema) == schema
    events = source.accounts["events"]
    assert (events["read"], events["accepted"]) == (4, 3)
    assert events["rejected"] == {"timestamp cannot be read": 1}


def test_the_same_again_is_nothing(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    videos, events = put(tmp_path, "v.csv", VIDEOS), put(tmp_path, "e.csv", EVENTS + ROWS)
    first = add(sources, videos, events)
    before = bytes_under(sources.root)
    assert add(sources, videos, events).id == first.id
    assert add(sources, put(tmp_path, "copy.csv", VIDEOS), events).id == first.id
    assert len(sources.all()) == 1
    assert bytes_under(sources.root) == before


def test_more_tables_and_a_fresh_start(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    first = add(sources, put(tmp_path, "v.csv", VIDEOS), None)
    second = add(sources, None, put(tmp_path, "e.csv", EVENTS + ROWS))
    assert [source.id for source in sources.all()] == [first.id, second.id]
    third = add(sources, put(tmp_path, "w.csv", "id\nw1\n"), None, replace=True)
    assert [source.id for source in sources.all()] == [third.id]
    assert not first.directory.exists()


def test_nothing_usable_changes_nothing(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    with pytest.raises(InputError, match=r"Nothing usable is left.*no user id"):
        add(sources, None, put(tmp_path, "e.csv", EVENTS + ",v1,like,1700000000\n"))
    with pytest.raises(InputError, match="Nothing usable is left"):
        add(sources, None, put(tmp_path, "e.csv", EVENTS))
    with pytest.raises(InputError, match="2 videos: no video id and no title"):
        add(
            sources,
            put(tmp_path, "v.csv", "id,title\n,\n,\n"),
            put(tmp_path, "e.csv", EVENTS + ROWS),
        )
    with pytest.raises(UnknownPart):
        sources.add(tmp_path, None, format="tabel")
    assert sources.all() == []
    add(sources, put(tmp_path, "v.csv", VIDEOS), None)
    bad = add(sources, None, put(tmp_path, "e.csv", EVENTS + ",v1,like,1700000000\n"))
    assert bad.accounts["events"]["rejected"] == {"no user id": 1}


def test_rubbish_of_a_killed_ingest_is_ignored_and_removed(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    add(sources, put(tmp_path, "v.csv", VIDEOS), None)
    (sources.root / ".new-dead").mkdir()
    put(sources.root / ".new-dead", "videos.parquet", b"half")
    (sources.root / "0123456789abcdef").mkdir()
    put(sources.root, ".index.json.99.tmp", b"{")
    assert len(sources.all()) == 1
    add(sources, None, put(tmp_path, "e.csv", EVENTS + ROWS))
    names = {path.name for path in sources.root.iterdir()}
    assert names == {"index.json", *(source.id for source in sources.all())}


INGEST = """
import sys
from pathlib import Path
from vireo.data.base import DataSection
from vireo.data.sources import Sources

print("ready", flush=True)
Sources(Path(sys.argv[1])).add(Path(sys.argv[2]), Path(sys.argv[3]), section=DataSection())
"""


@pytest.mark.parametrize("delay", [0.02, 0.1, 0.3])
def test_kill_in_the_middle(tmp_path: Path, delay: float) -> None:
    sources = Sources(tmp_path / "sources")
    first = add(sources, put(tmp_path, "v.csv", VIDEOS), None)
    many = "".join(f"u{n},v{n % 4},like,{1_600_000_000 + n}\n" for n in range(300_000))
    videos, events = put(tmp_path, "w.csv", "id\nv0\n"), put(tmp_path, "e.csv", EVENTS + many)
    command = [sys.executable, "-c", INGEST, str(sources.root), str(videos), str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
    assert first.id in [source.id for source in sources.all()]
    add(sources, videos, events)
    assert [len(source.frame("events")) for source in sources.all()] == [0, 300_000]


def test_forgetting_removes_every_trace(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    rows = ROWS + "ana,v1\nbo,v1\n,v1,ana,1700000000\n"
    quoted = '"ana",v1,"like\nbo,v1,like,nothing\n'
    header = "user_id,video_id,event,timestamp,comment\n"
    add(sources, put(tmp_path, "v.csv", VIDEOS), put(tmp_path, "e.csv", EVENTS + rows))
    add(sources, None, put(tmp_path, "f.csv", EVENTS + quoted))
    add(sources, None, put(tmp_path, "g.csv", header + "ana,v1,comment,1700000000,mine\n"))
    old = [source.directory for source in sources.all()]
    # Two likes and a refused row, a row with too few cells, one with an open quote, a comment.
    assert sources.forget("ana") == 6
    assert not any(directory.exists() for directory in old)
    first, second, third = sources.all()
    assert first.frame("events")["user_id"].to_list() == ["bo"]
    assert third.frame("events").is_empty()
    assert third.frame("comments").is_empty()
    for source in (first, second, third):
        events = source.accounts["events"]
        refused = sum(events["rejected"].values())
        assert events["accepted"] + refused == events["read"]
        assert len(source.frame("rejects")) == refused
        for raw in source.frame("rejects")["raw"]:
            assert '"ana"' not in raw or '"user_id":""' in raw or '"user_id":null' in raw
    assert first.accounts["events"]["forgotten"] == 4
    assert sources.forget("ana") == 0
    assert sources.forget("an") == 0


def test_after_forgetting_the_same_file_brings_nobody_back(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    videos, events = put(tmp_path, "v.csv", VIDEOS), put(tmp_path, "e.csv", EVENTS + ROWS)
    add(sources, videos, events)
    sources.forget("ana")
    add(sources, videos, events)
    add(sources, videos, events, replace=True)
    assert [source.frame("events")["user_id"].to_list() for source in sources.all()] == [["bo"]]


def test_a_damaged_source_says_so(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "sources")
    source = add(sources, put(tmp_path, "v.csv", VIDEOS), None)
    (source.directory / "report.json").unlink()
    with pytest.raises(InputError, match="missing or damaged"):
        sources.all()
