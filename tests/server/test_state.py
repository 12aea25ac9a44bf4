"""What is served is loaded once per build, and the collector is left as it was."""

from __future__ import annotations

import gc
from pathlib import Path

from vireo.server.live_state import StateRefresher
from vireo.server.run import _set_aside
from vireo.workspace import Workspace


def test_a_build_is_told_of_once_when_it_is_served(built: Path) -> None:
    work = Workspace.open(built)
    state = StateRefresher(work)
    told: list[tuple[int, bool]] = []
    state.on_load = lambda: told.append((state.now.models, gc.isenabled()))
    for _ in range(2):
        state.refresh()
    assert told == [(1, False)], "already served, and the collector still waits"
    assert gc.isenabled()
    work.close()


def test_a_collector_that_was_off_stays_off(built: Path) -> None:
    work = Workspace.open(built)
    gc.disable()
    try:
        StateRefresher(work).refresh()
        assert not gc.isenabled()
    finally:
        gc.enable()
    work.close()


def test_what_is_set_aside_is_not_walked_through_again() -> None:
    kept = [[number] for number in range(1000)]
    try:
        _set_aside()
        assert gc.get_freeze_count() >= len(kept)
    finally:
        gc.unfreeze()
