"""The engine on Ray keeps the contract of the others; what fails is tried once more elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.test_engines import alive, wait_until
from tests.engine.work import (
    KINDS,
    TROUBLES,
    fail_the_first_time,
    kinds_of,
    troubled,
    write_pid_and_hang,
)
from vireo.engine import ENGINES, EngineSection
from vireo.engine.contract import EngineContract
from vireo.errors import StageFailed

ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")

TWO = EngineSection(name="ray", workers=2)


@pytest.fixture(scope="module", autouse=True)
def _started_here() -> Iterator[None]:
    yield
    ray.shutdown()


class TestRay(EngineContract):
    engine = ENGINES.get("ray")(TWO)


def test_each_trouble_costs_its_own_item_and_is_tried_twice() -> None:
    outcomes = list(TestRay.engine.map(troubled, TROUBLES, timeout=2.0))
    assert kinds_of(outcomes) == KINDS
    tries = {
        item: len(outcome.failed_attempts) for item, outcome in zip(TROUBLES, outcomes, strict=True)
    }
    assert tries == {item: 0 if kind == "done" else 2 for item, kind in KINDS.items()}


def test_what_fails_once_is_done_by_the_second_try(tmp_path: Path) -> None:
    (outcome,) = TestRay.engine.map(fail_the_first_time, [str(tmp_path)])
    assert (outcome.kind, outcome.value) == ("done", "second time")
    assert len(outcome.failed_attempts) == 1
    assert "error on" in outcome.failed_attempts[0]
    assert "OSError: the first time" in outcome.failed_attempts[0]


def test_work_that_cannot_be_sent_says_so() -> None:
    with pytest.raises(StageFailed, match="cannot be sent"):
        list(TestRay.engine.map(lambda item: item, [1]))


def test_closing_early_kills_the_work_under_way(tmp_path: Path) -> None:
    outcomes = TestRay.engine.map(write_pid_and_hang, [str(tmp_path)] * 3, timeout=2.0)
    next(outcomes)
    outcomes.close()
    wait_until(lambda: not alive(tmp_path))
