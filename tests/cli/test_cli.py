"""The command line as a user meets it: real processes, exit codes, JSON that parses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from vireo.store.base import LiveEvent
from vireo.testing import TinyWorld
from vireo.workspace import Workspace


def vireo(
    *arguments: str | Path, home: Path | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)} if home else dict(os.environ)
    command = [sys.executable, "-m", "vireo", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    return done


VIDEOS = """video_id,title,description
a,Bread at home,Kneading dough and baking bread in a small oven
b,Soup for winter,A slow soup of beans and roots
c,Sailing to the island,A small boat and a long wind
d,Storm at sea,Waves against the harbour wall
e,Sauces,Five sauces that every cook should know
"""
EVENTS = """user_id,video_id,event,timestamp
ana,a,like,2026-01-01
ana,b,view,2026-01-02
ben,c,view,2026-01-01
ben,d,like,2026-01-03
eve,a,view,2026-01-04
"""


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    videos, events = tmp_path / "videos.csv", tmp_path / "events.csv"
    videos.write_text(VIDEOS)
    events.write_text(EVENTS)
    return videos, events


def test_run_on_tables_written_by_hand(tables: tuple[Path, Path], tmp_path: Path) -> None:
    home = tmp_path / "cache"
    lists = json.loads(vireo("run", *tables, "--json", "--k", "3", home=home).stdout)
    assert [entry["user_id"] for entry in lists] == ["ana", "ben", "eve"]
    for entry in lists:
        picks = entry["recommendations"]
        assert [pick["rank"] for pick in picks] == list(range(1, len(picks) + 1))
        assert all(
            set(pick) == {"rank", "video_id", "title", "score", "reason", "sources"}
            for pick in picks
        )
        scores = [pick["score"] for pick in picks]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    assert "e" in {pick["video_id"] for pick in lists[0]["recommendations"]}, "the unwatched sauce"

    text = vireo("run", *tables, "--user", "ana", home=home).stdout
    assert "For ana" in text
    assert "Sauces" in text
    pairs = json.loads(vireo("run", *tables, "--user", "ana", "--pairs", home=home).stdout)
    assert all(isinstance(title, str) and 0 <= score <= 1 for title, score in pairs)
    stranger = vireo("run", *tables, "--user", "nobody", "--query", "boats", home=home).stdout
    assert "new here" in stranger


def test_the_verbs_on_a_built_workspace(built: Path, world: TinyWorld) -> None:
    def answer(*arguments: str) -> object:
        return json.loads(vireo(*arguments, "-w", str(built), "--json").stdout)

    assert answer("recommend", "ana", "nobody")
    assert answer("similar", "v-1042", "--k", "3")
    assert answer("search", "a stormy sea")
    assert answer("explain", "ana", "v-1042")
    assert answer("show", "v-1042")
    assert answer("show", "ana")
    assert answer("show", "behavior")
    assert answer("show", "ana", "--user") == answer("show", "ana")
    assert answer("list", "videos")
    assert answer("list", "rules")
    assert answer("build")
    assert isinstance(answer("doctor"), list)
    evaluated = ("evaluate", "--cutoff", "2026-03-01", "--system", "popularity", "--k", "5")
    assert answer(*evaluated, "--system", "ease", "--set", "interest.ease.regularization=30")
    assert answer("compare", "ease", "popularity")
    assert answer("evaluate", "--check-leaks", "--system", "popularity")


def test_the_verbs_for_people(built: Path) -> None:
    where = ("-w", str(built))
    assert "skipped" in vireo("build", *where).stdout
    assert "For ana" in vireo("recommend", "ana", *where).stdout
    assert "score by source" in vireo("explain", "ana", "v-1042", *where).stdout
    assert "topics" in vireo("show", "ana", *where).stdout
    assert "ndcg@10" in vireo("evaluate", "--cutoff", "2026-03-01", *where).stdout
    assert "Removed" in vireo("forget", "sam", *where).stdout


def test_a_viewer_with_the_name_of_a_video_can_be_shown(built: Path) -> None:
    where = ("-w", str(built))
    Workspace.open(built).record([LiveEvent("e1", "v-1042", "v-1042", "view", 1_780_000_000_000)])
    shown = vireo("show", "v-1042", *where)
    assert "record" in shown.stdout
    assert "--user" in shown.stderr
    assert "user_id: v-1042" in vireo("show", "v-1042", "--user", *where).stdout


def test_new_ingest_build_recommend(tables: tuple[Path, Path], tmp_path: Path) -> None:
    work = tmp_path / "work"
    vireo("new", work)
    (work / "vireo.toml").write_text('[pretraining]\nobjective = "none"\n')
    said = vireo("ingest", "-w", work, "--videos", tables[0], "--events", tables[1]).stdout
    assert "5 rows read, 5 accepted" in said
    vireo("build", "-w", work)
    assert "For ana" in vireo("recommend", "ana", "-w", work).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recommend", "ana", "-w", "NOWHERE"], "vireo new"),
        (["run", "missing.csv", "missing.csv"], "There is no file"),
        (["run", ".", "."], "directory"),
        (["list", "nonsense", "-w", "NOWHERE"], "workspace"),
        (["run", "a.csv", "b.csv", "--pairs"], "--user"),
        (["run", "a.csv", "b.csv", "--columns", "nonsense"], "--columns"),
        (["demo", "--nonsense"], "nonsense"),
        (["compare", "a", "b", "-w", "NOWHERE"], "vireo evaluate"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_code_two_and_one_clear_message(
    arguments: Sequence[str], message: str, tmp_path: Path
) -> None:
    filled = [str(tmp_path / "none") if word == "NOWHERE" else word for word in arguments]
    done = vireo(*filled, home=tmp_path, code=2)
    assert message in done.stderr
    assert done.stdout == ""


def test_an_unknown_setting_is_named(built: Path) -> None:
    (built / "vireo.toml").write_text("[video]\nframs = 3\n")
    done = vireo("build", "-w", built, code=2)
    assert "Did you mean 'frames'" in done.stderr


def test_a_killed_build_goes_on(tables: tuple[Path, Path], tmp_path: Path) -> None:
    """kill -9 at several moments; then a build ends well and every artefact is whole."""
    work = tmp_path / "work"
    vireo("new", work)
    (work / "vireo.toml").write_text('[pretraining]\nobjective = "none"\n')
    vireo("ingest", "-w", work, "--videos", tables[0], "--events", tables[1])
    for seconds in (0.8, 1.6, 2.4, 3.2):
        process = subprocess.Popen(
            [sys.executable, "-m", "vireo", "build", "-w", str(work)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    vireo("build", "-w", work)
    findings = json.loads(vireo("doctor", "-w", work, "--json").stdout)
    assert all(finding["state"] != "bad" for finding in findings)
    assert not list((work / "artifacts").rglob(".*.tmp"))


def test_titles_cannot_steer_the_terminal(tmp_path: Path) -> None:
    videos, events = tmp_path / "videos.csv", tmp_path / "events.csv"
    evil = "\x1b[31mred\x1b[0m [bold]x[/bold] <b>y</b>"
    videos.write_text(f'video_id,title\na,"{evil}"\nb,"Plain"\n')
    events.write_text("user_id,video_id\nana,b\n")
    shown = vireo("run", videos, events, home=tmp_path).stdout
    assert "\x1b" not in shown
    assert "[bold]x[/bold]" in shown


def test_a_port_that_cannot_be_is_wrong_usage(built: Path) -> None:
    said = vireo("serve", "-w", built, "--port", "99999", home=built, code=2)
    assert "65535" in said.stderr
