"""The section on the service says what the results file says, and calls a miss a miss."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bench.serve_page import FILE, section

GOOD: dict[str, Any] = {
    "recommendations_per_second": 299.8,
    "p50_ms": 6.0,
    "p99_ms": 31.0,
    "events_per_second": 4000.5,
    "kill_rounds": 100,
    "events_lost": 0,
    "events_doubled": 0,
    "peak_rss_mb": 1200,
    "database": "sqlite",
    "machine": "2 x Some Processor",
    "command": "python -m bench.serve --long",
    "date": "2026-01-02",
    "videos": 100_000,
    "events": 1_000_000,
    "asked_per_second": 300.0,
    "lists": {"codes": {"200": 9000}},
    "flood": {"per_second": 350.0, "codes": {"200": 1, "503": 2}, "refused_p99_ms": 9.0},
    "after_the_flood": {"p99_ms": 20.0, "codes": {"200": 375}},
    "events_promised_before_kills": 12_345,
    "memory": {"requests": 200_000, "rss_mb": [1100, 1150, 1151], "per_second": 320.0},
}
MISSES: list[tuple[tuple[str, ...], Any]] = [
    (("recommendations_per_second",), 280.0),
    (("lists", "codes", "503"), 1),
    (("p99_ms",), 50.1),
    (("events_per_second",), 2999.0),
    (("events_lost",), 1),
    (("peak_rss_mb",), 1537),
    (("memory", "rss_mb"), [1100, 1150, 1300]),
]


def told(tmp_path: Path, figures: dict[str, Any]) -> str:
    (tmp_path / FILE).write_text(json.dumps(figures), encoding="utf-8")
    return section(tmp_path)


def test_every_goal_can_be_met(tmp_path: Path) -> None:
    said = told(tmp_path, GOOD)
    assert "missed" not in said
    assert "| 50 ms | 31.0 ms" in said
    assert "0, 0 of 12,345 promised" in said


@pytest.mark.parametrize(("where", "value"), MISSES)
def test_a_miss_is_called_one(tmp_path: Path, where: tuple[str, ...], value: Any) -> None:
    figures = copy.deepcopy(GOOD)
    place = figures
    for name in where[:-1]:
        place = place[name]
    place[where[-1]] = value
    assert told(tmp_path, figures).count("**missed**") == 1


@pytest.mark.parametrize(("name", "value"), [("kill_rounds", 99), ("memory", None)])
def test_a_shorter_run_does_not_show_a_goal(tmp_path: Path, name: str, value: Any) -> None:
    short = {**GOOD["memory"], "requests": 8_000} if value is None else value
    said = told(tmp_path, {**GOOD, name: short})
    assert said.count("a shorter run") == 1
    assert "missed" not in said


def test_nothing_is_said_of_what_was_not_measured(tmp_path: Path) -> None:
    assert section(tmp_path) == ""
