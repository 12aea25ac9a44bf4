"""Learning curves from the reports of stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vireo.artifacts import Manifest

CLOCKS = ("step", "epoch")
"""Unit of the x axis."""


def curves_of(made: Mapping[str, Manifest]) -> dict[str, list[Mapping[str, float]]]:
    """Stage (and where in its report) -> points, each with `step` or `epoch` and figures."""
    curves: dict[str, list[Mapping[str, float]]] = {}
    for stage, manifest in made.items():
        _gather(stage, manifest.summary, curves)
    return curves


def _gather(name: str, value: Any, curves: dict[str, list[Mapping[str, float]]]) -> None:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _gather(name if key in ("curve", "curves") else f"{name} {key}", entry, curves)
    elif isinstance(value, list) and len(value) > 1 and all(_is_point(p) for p in value):
        curves[name] = [{k: float(v) for k, v in p.items() if _is_number(v)} for p in value]


def _is_point(value: Any) -> bool:
    return isinstance(value, Mapping) and any(_is_number(value.get(clock)) for clock in CLOCKS)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
