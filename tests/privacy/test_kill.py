"""kill -9 during an erasure: it is complete after the next start."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.privacy.searching import traces
from tests.privacy.test_forget import SAID, WHO, leave_traces
from vireo.data.sources import Sources
from vireo.privacy.forget import PENDING
from vireo.testing import TinyWorld
from vireo.workspace import Workspace

SCRIPT = """
import os, signal, sys
from vireo.data.sources import Sources
from vireo.store.sql import SqlStore
from vireo.workspace import Workspace

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def dying(method, when):
    def call(*a, **k):
        if when == "before":
            die()
        method(*a, **k)
        die()
    return call

place, name, when = sys.argv[2:5]
kind = {"store": SqlStore, "sources": Sources}[place]
setattr(kind, name, dying(getattr(kind, name), when))
Workspace.open(sys.argv[1]).forget(sys.argv[5])
"""
MOMENTS = [
    ("store", "forget", "before"),
    ("store", "forget", "after"),
    ("sources", "forget", "before"),
    ("sources", "_write", "after"),
    ("sources", "_index", "before"),
    ("sources", "forget", "after"),
]


@pytest.fixture(scope="module")
def traced_once(
    _built: Path, world: TinyWorld, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    home = tmp_path_factory.mktemp("killed")
    path = Path(shutil.copytree(_built, home / "workspace"))
    work = Workspace.open(path)
    leave_traces(work, home, world)
    work.close()
    return path, len(list((path / "reports").iterdir()))


@pytest.mark.parametrize("moment", MOMENTS, ids=" ".join)
def test_a_kill_leaves_a_viewer_whole_or_forgotten(
    moment: tuple[str, str, str], traced_once: tuple[Path, int], tmp_path: Path
) -> None:
    traced, reports = traced_once
    path = Path(shutil.copytree(traced, tmp_path / "workspace"))
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path), *moment, WHO], check=False)
    assert done.returncode == -signal.SIGKILL
    work = Workspace.open(path)
    stranger = any("new here" in note for note in work.recommend(WHO, 3).notes)
    held = work.export(WHO)
    assert held["forgotten"] is stranger
    assert bool(held["events"]) is bool(held["live_events"]) is not stranger
    assert stranger is (moment[0] == "sources" or moment[2] == "after")
    assert WHO not in (path / PENDING).read_text()
    work.build()
    work.close()
    if stranger:
        assert traces(path, WHO, SAID) == set()
        assert not (path / PENDING).exists()
    else:  # nothing happened to anybody, so nothing is deleted
        assert len(list((path / "reports").iterdir())) == reports
        again = Workspace.open(path)
        again.forget(WHO, purge=True)
        again.close()
        assert traces(path, WHO, SAID) == set()


def test_tables_that_come_after_the_forgetting_bring_nobody_back(
    built: Path, tmp_path: Path, world: TinyWorld
) -> None:
    work = Workspace.open(built)
    leave_traces(work, tmp_path, world)
    work.forget(WHO, purge=True)
    work.ingest(events=tmp_path / "more.csv")
    assert traces(built, WHO, SAID) == set()
    assert not work.resources.sources.mentions(WHO)
    work.build()
    assert traces(built, WHO, SAID) == set()
    work.close()


def test_user_ids_are_those_that_erasure_removes(tmp_path: Path) -> None:
    """`named` must find all that `forget` removes: what it misses, a kill would leave behind."""
    videos = tmp_path / "videos.csv"
    videos.write_text("video_id,title,access\nv1,One,user:opener|staff\nv2,Two,\n")
    events = tmp_path / "events.csv"
    lines = [
        *("user_id,video_id,event,timestamp,text", "viewer,v1,view,2026-01-01,"),
        *("talker,v2,comment,2026-01-01,hello", "refused,,view,2026-01-01,"),
        'split,v1,"view,2026-01-01',
    ]
    events.write_text("\n".join(lines) + "\n")
    sources = Sources(tmp_path / "sources")
    sources.add(videos, events)
    wanted = {"opener", "viewer", "talker", "refused", "split"}
    assert wanted <= sources.named()
    for user in sorted(wanted):
        assert sources.mentions(user)
        assert sources.forget(user) == 1
        assert not sources.mentions(user)
        assert user not in sources.named()
    assert traces(tmp_path / "sources", *wanted) == set()
    (access,) = sources.all()[0].frame("videos").filter(video_id="v1")["access"].to_list()
    assert access == ["user:", "staff"], "what was hers alone must not become everybody's"
