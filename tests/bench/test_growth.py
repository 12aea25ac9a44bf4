"""Exponents of costs that are known, and a page that says what the files say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import scale_page
from bench.growth import exponent
from bench.growth_plot import draw


def points(power: float) -> list[dict[str, float]]:
    return [
        {"times": times, "processor_seconds": 3 * times**power, "mb": 2.0 * times}
        for times in (1, 10, 100)
    ]


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_exponent_of_a_power_is_found(power: float) -> None:
    assert exponent(points(power), "processor_seconds") == pytest.approx(power, abs=0.01)
    assert exponent(points(power)[:1], "processor_seconds") is None


def test_the_plot_names_every_stage_and_its_exponent(tmp_path: Path) -> None:
    rows = [
        {"stage": name, "points": points(power), "time_exponent": power, "memory_exponent": 1.0}
        for name, power in (("ingest", 1.0), ("interest", 2.5))
    ]
    draw(rows, tmp_path / "growth.svg")
    text = (tmp_path / "growth.svg").read_text(encoding="utf-8")
    assert "ingest 1.00" in text
    assert "interest 2.50" in text


def test_the_page_tells_what_differs_and_is_silent_without_files(tmp_path: Path) -> None:
    assert scale_page.section(tmp_path) == ""
    result = {
        "command": ["python", "-m", "bench.scale_ray"],
        "date": "2026-11-28T08:00:00+00:00",
        "machine": "one",
        "clips": 1000,
        "times": {
            "seconds": {"processes": [20.0], "ray": [22.0]},
            "ray_against_processes": 1.1,
            "goal": 1.15,
            "identical": False,
        },
        "kills": {
            "rounds": 20,
            "clips": 120,
            "ended": 20,
            "killed_in_mid_run": 19,
            "accounted": 20,
            "identical": 20,
        },
    }
    (tmp_path / "scale.json").write_text(json.dumps(result), encoding="utf-8")
    text = scale_page.section(tmp_path)
    assert "1.10 times as long" in text
    assert "DIFFER" in text
    assert "20 ended, 19 were hit in mid-run" in text
