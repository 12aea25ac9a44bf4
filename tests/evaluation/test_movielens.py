"""Known figures on MovieLens-1M by the whole road: leave-one-out, full ranking, seen masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_data import data_folder
from vireo.config import Config
from vireo.workspace import Workspace

EXPERTS = ("popularity", "ease", "ease-recent")
KNOWN = {"popularity": (0.0392, 0.0193), "ease": (0.1108, 0.0551), "ease-recent": (0.2250, 0.1280)}


@pytest.mark.slow
def test_known_figures_and_a_fusion_that_is_not_below_its_best_part(tmp_path: Path) -> None:
    settings = {"interest": {"experts": EXPERTS}, "engine": {"name": "serial"}}
    work = Workspace.create(tmp_path / "ml-1m", config=Config.of(settings))
    accounting = work.ingest(events=data_folder("ml-1m"), format="movielens")
    assert accounting["events"]["accepted"] == 1_000_209
    report = work.evaluate(protocol="leave-one-out")
    assert report.protocol["users"] == report.protocol["targets"] == 6040
    for name, (hit_rate, ndcg) in KNOWN.items():
        found = report.systems[name]
        assert found["hit_rate@10"].mean == pytest.approx(hit_rate, abs=0.0006), name
        assert found["ndcg@10"].mean == pytest.approx(ndcg, abs=0.0006), name
    assert round(report.systems["popularity"]["hit_rate@10"].mean, 4) == 0.0392
    best = max(report.systems[name]["ndcg@10"].mean for name in EXPERTS)
    assert report.systems["fused"]["ndcg@10"].mean >= best
    assert list(report.protocol["artifacts"]) == ["data", "behavior", "interest"], "no text is read"
