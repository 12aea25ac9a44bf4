"""Protocols on a world whose right answers are known: half cook, half sail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vireo.errors import InputError, UnknownPart
from vireo.evaluation.page.html import page
from vireo.evaluation.plan import plan_of
from vireo.evaluation.report import Report
from vireo.workspace import Workspace


def means(report: Report, system: str = "fused") -> dict[str, float]:
    return {metric: value.mean for metric, value in report.systems[system].items()}


def test_content_finds_cold_items_and_behaviour_cannot(built: Path) -> None:
    report = Workspace.open(built).evaluate(protocol="cold-items", systems=["content", "ease"])
    content, ease = means(report, "content"), means(report, "ease")
    assert content["within_cold_ndcg@10"] > ease["within_cold_ndcg@10"]
    assert ease["cold_ndcg@10"] == 0.0
    assert ease["warm_ndcg@10"] > content["warm_ndcg@10"]


def test_cold_users_gain_from_every_event_and_from_a_sentence(built: Path) -> None:
    report = Workspace.open(built).evaluate(protocol="cold-users", share=0.4)
    fused = means(report)
    assert fused["known_0_ndcg@10"] < fused["known_1_ndcg@10"]
    assert fused["known_0_ndcg@10"] < fused["taste_ndcg@10"]
    assert fused["known_5_ndcg@10"] == fused["ndcg@10"]
    assert "taste_ndcg@10" not in report.systems["content"], "only the list reads sentences"
    assert "a sentence" in page(report)


def test_a_rolling_clock_is_the_mean_of_its_parts(built: Path) -> None:
    report = Workspace.open(built).evaluate(rolling=3, k=[5, 10], systems=["popularity", "ease"])
    assert len(report.parts) == 3
    for metric in ("ndcg@5", "hit_rate@10", "coverage@10"):
        parts = [part.systems["ease"][metric].mean for part in report.parts]
        assert report.systems["ease"][metric].mean == pytest.approx(np.mean(parts)), metric
    own = report.systems["ease"]["ndcg@10"]
    assert own.low is not None
    assert own.low <= own.mean <= own.high  # type: ignore[operator]
    assert report.against("popularity", "ease").metric == "ndcg@5"
    assert len(report.protocol["split"]["cutoffs"]) == 3
    for before, after in zip(report.parts, report.parts[1:], strict=False):
        assert before.protocol["split"]["until"] == after.protocol["split"]["cutoff"]


def test_random_hold_out(built: Path) -> None:
    report = Workspace.open(built).evaluate(protocol="random", share=0.3, systems=["ease"])
    assert report.protocol["split"] == {"protocol": "random", "share": 0.3, "seed": 0}


@pytest.mark.parametrize(
    ("wishes", "error", "what"),
    [
        ({"protocol": "sometimes"}, InputError, "cold-items"),
        ({"variant": "odd"}, InputError, "chronological"),
        ({"systems": ["oracle"]}, UnknownPart, "fused"),
        ({"k": 0}, InputError, "1 or more"),
        ({"protocol": "random", "cutoff": "2026-01-01"}, InputError, "cutoff"),
        ({"cutoff": "2026-01-01", "rolling": 2}, InputError, "places the cutoffs"),
        ({"cutoff": "soon"}, InputError, "2026-03-01"),
        ({"sampled": 100}, InputError, "no option 'sampled'"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(
    wishes: dict[str, object], error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        plan_of(**wishes)  # type: ignore[arg-type]
