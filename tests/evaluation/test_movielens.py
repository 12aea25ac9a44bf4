"""Known figures on MovieLens-1M: leave-one-out, full ranking, the seen masked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.real_data import data_folder
from vireo.behavior.base import NO_TIME, BehaviorSection
from vireo.behavior.build import histories_of
from vireo.data.base import EVENT_SCHEMA
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import Quiet
from vireo.engine.serial import Serial
from vireo.evaluation import evaluate
from vireo.interest.base import InterestSection, Training
from vireo.interest.build import fit


def leave_one_out() -> tuple[pl.DataFrame, pl.DataFrame]:
    """All ratings in each user's true order; the last one of every user apart."""
    ratings = pl.read_parquet(data_folder("ml-1m") / "ratings_provenance.parquet")
    ordered = ratings.sort("user_id", "user_seq_pos").with_row_index("sequence")
    events = ordered.select(
        user_id=pl.col("user_id").cast(pl.String),
        video_id=pl.col("movie_id").cast(pl.String),
        event=pl.lit("rating"),
        timestamp=pl.col("timestamp") * 1000,
        value=pl.col("rating").cast(pl.Float64),
        watch_seconds=pl.lit(None, pl.Float64),
        session_id=pl.lit(None, pl.String),
        sequence=pl.col("sequence").cast(pl.Int64),
    )
    assert events.schema == EVENT_SCHEMA
    last = events["user_id"] != events["user_id"].shift(-1)
    last = last.fill_null(value=True)
    return events.filter(~last), events.filter(last)


@pytest.mark.slow
def test_known_figures_and_a_fusion_that_is_not_below_its_best_part(tmp_path: Path) -> None:
    known, held = leave_one_out()
    video_ids = pl.concat([known, held])["video_id"].unique().sort()
    videos = pl.DataFrame({"video_id": video_ids})
    histories = histories_of(known, videos, BehaviorSection())
    assert (len(histories), histories.report["kept"]) == (6040, 994_169)
    n = len(video_ids)
    nothing = np.zeros((n, 0), dtype=np.float32)
    published = np.full(n, NO_TIME, dtype=np.int64)
    training = Training(histories, nothing, np.zeros(n, dtype=np.bool_), published)
    section = InterestSection(
        experts=("popularity", "ease", "ease-recent", "factors"), validation="last"
    )
    model = fit(training, section, Context(Serial(EngineSection()), tmp_path, Quiet(), seed=0))
    report = evaluate(model, histories, video_ids.to_list(), held)

    expected = {
        "popularity": (0.0392, 0.0193),
        "ease": (0.1108, 0.0551),
        "ease-recent": (0.2250, 0.1280),
    }
    for name, (hit_rate, ndcg) in expected.items():
        assert report.systems[name]["hit_rate@10"].mean == pytest.approx(hit_rate, abs=0.0006), name
        assert report.systems[name]["ndcg@10"].mean == pytest.approx(ndcg, abs=0.0006), name
    assert report.systems["factors"]["ndcg@10"].mean > 0.04
    best = max(report.systems[name]["ndcg@10"].mean for name in model.experts)
    assert report.systems["fused"]["ndcg@10"].mean >= best
