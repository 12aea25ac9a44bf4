"""Both engines keep the contract; processes also survive what an item can do to a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.work import KINDS, TROUBLES, kinds_of, leave_a_mark, troubled, write_pid_and_hang
from tests.real_data import ROOT
from vireo.engine import ENGINES, EngineSection
from vireo.engine.contract import EngineContract
from vireo.engine.processes import Processes
from vireo.engine.serial import Serial
from vireo.errors import StageFailed

TWO = EngineSection(workers=2)


class TestSerial(EngineContract):
    engine = Serial(EngineSection(name="serial"))


class TestProcesses(EngineContract):
    engine = Processes(TWO)


def test_the_menu_names_both() -> None:
    assert ENGINES.get("serial") is Serial
    assert ENGINES.get("processes") is Processes


def test_each_trouble_costs_its_own_item() -> None:
    outcomes = list(Processes(TWO).map(troubled, TROUBLES, timeout=2.0))
    assert kinds_of(outcomes) == KINDS
    errors = [outcome.error for outcome in outcomes]
    assert errors[TROUBLES.index("hang")] == "took longer than 2 seconds"
    assert errors[TROUBLES.index("exit")] == "the worker process ended with exit code 3"
    assert errors[TROUBLES.index("segfault")] == "the worker process was ended by SIGSEGV"
    assert errors[TROUBLES.index("memory")] == "MemoryError"


def test_an_item_that_cannot_be_sent_is_an_error_of_its_own() -> None:
    good, bad = Processes(TWO).map(troubled, ["a", lambda: None])  # type: ignore[arg-type]
    assert good.value == "a"
    assert bad.kind == "error"
    assert "cannot be sent" in bad.error


def test_work_that_cannot_be_sent_or_loaded_says_so() -> None:
    with pytest.raises(StageFailed, match="cannot be sent"):
        list(Processes(TWO).map(lambda item: item, [1]))
    with pytest.raises(StageFailed, match="cannot load the work"):
        list(Processes(TWO).map(_Unloadable(), [1]))


def test_workers_work_on_while_the_consumer_is_busy(tmp_path: Path) -> None:
    marks = [str(tmp_path / f"{row}") for row in range(6)]
    outcomes = Processes(EngineSection(workers=1)).map(leave_a_mark, marks)
    for row in range(4):
        assert next(outcomes).value == marks[row]
        # nothing is asked of the engine here: the next item must be under way already
        assert _appears(Path(marks[row + 1])), f"nobody worked on item {row + 1}"
    assert len(list(outcomes)) == 2


def _appears(path: Path) -> bool:
    end = time.monotonic() + 15
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return path.exists()


def test_closing_early_kills_the_work_under_way(tmp_path: Path) -> None:
    outcomes = Processes(TWO).map(write_pid_and_hang, [str(tmp_path)] * 3, timeout=2.0)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not alive(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path: Path, kind: signal.Signals) -> None:
    # The script has no `__main__` guard on purpose: user scripts often have none.
    script = tmp_path / "script.py"
    script.write_text(
        "from tests.engine.work import write_pid_and_hang\n"
        "from vireo.engine import EngineSection\n"
        "from vireo.engine.processes import Processes\n"
        "engine = Processes(EngineSection(workers=2))\n"
        f"list(engine.map(write_pid_and_hang, [{str(tmp_path)!r}] * 2))\n"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(_pids(tmp_path)) == 2)
        os.kill(parent.pid, kind)
        assert parent.wait(timeout=60) != 0
        wait_until(lambda: not alive(tmp_path))
    finally:
        parent.kill()
        parent.wait()


class _Unloadable:
    def __call__(self, item: int) -> int:
        return item

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return _only_here, (os.getpid(),)


def _only_here(parent: int) -> object:
    if os.getpid() != parent:
        raise ImportError("not here")
    return troubled


def _pids(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir() if path.name.isdigit()]


def alive(folder: Path) -> list[int]:
    alive = []
    for pid in _pids(folder):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        if not _is_zombie(pid):
            alive.append(pid)
    return alive


def _is_zombie(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
