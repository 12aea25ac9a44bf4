"""The content space: likeness survives, missing blocks shift nothing, equal rows say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vireo.arrays import Bools, Floats
from vireo.config import Config
from vireo.data.base import VIDEO_SCHEMA, Tables
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.errors import StageFailed
from vireo.interest.build import build
from vireo.interest.content_space import MAX_PICTURE, content_space
from vireo.interest.contract import training_of
from vireo.understanding.base import Understanding
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures

N = 8


def present(*rows: int, n: int = N) -> Bools:
    mask = np.zeros(n, dtype=np.bool_)
    mask[list(rows)] = True
    return mask


def topics(n: int = N, d: int = 6, seed: int = 0) -> Floats:
    """Even rows point one way, odd rows another; all of them share a large mean."""
    rows = 0.1 * np.random.default_rng(seed).normal(size=(n, d)) + 5.0
    rows[np.arange(n), np.arange(n) % 2] += 1.0
    return np.asarray(rows, dtype=np.float32)


def understood(vectors: Floats, has_text: Bools) -> Understanding:
    masked = np.where(has_text[:, None], vectors, 0).astype(np.float32)
    return Understanding(masked, has_text, np.full(len(vectors), -1), (), ())


def seen(picture: Floats, has_picture: Bools) -> VideoFeatures:
    n = len(picture)
    return VideoFeatures(
        table=pl.DataFrame(schema=FEATURE_SCHEMA),
        picture=np.where(has_picture[:, None], picture, 0).astype(np.float32),
        has_picture=has_picture,
        audio=np.zeros((n, 0), dtype=np.float32),
        has_audio=np.zeros(n, dtype=np.bool_),
        dialogue=pl.DataFrame(schema=DIALOGUE_SCHEMA),
        info={},
    )


def alike(content: Floats) -> tuple[float, float]:
    """The least likeness within a topic, the greatest across topics."""
    cosine = content @ content.T
    same = np.equal.outer(np.arange(N) % 2, np.arange(N) % 2)
    return float(cosine[same].min()), float(cosine[~same].max())


def test_topics_are_near_although_all_rows_share_a_mean() -> None:
    everyone = present(*range(N))
    content, has = content_space(understood(topics(), everyone), seen(topics(seed=1), everyone))
    within, across = alike(content)
    assert within > 0.7
    assert across < -0.7
    assert has.all()
    np.testing.assert_allclose(np.linalg.norm(content, axis=1), 1.0, atol=1e-5)


def test_a_video_without_text_is_carried_by_its_picture() -> None:
    text = present(0, 1, 2, 3, 4, 5)
    content, has = content_space(
        understood(topics(), text), seen(topics(seed=1), present(*range(N)))
    )
    assert has.all()
    assert content[6] @ content[4] > 0.3 > content[6] @ content[5]


def test_missing_pictures_shift_nothing() -> None:
    everyone = present(*range(N))
    none, _ = content_space(understood(topics(), everyone), seen(topics(), present()))
    alone, _ = content_space(
        understood(topics(), everyone), seen(np.zeros((N, 0), dtype=np.float32), present())
    )
    np.testing.assert_allclose(none @ none.T, alone @ alone.T, atol=1e-6)


def test_nothing_known_is_a_row_of_zeros_and_equal_rows_say_nothing() -> None:
    content, has = content_space(understood(topics(), present(0, 1, 2)), seen(topics(), present()))
    assert has.tolist() == [True] * 3 + [False] * 5
    assert not content[3:].any()
    same = np.full((N, 6), 0.3, dtype=np.float32)
    content, has = content_space(understood(same, present(*range(N))), seen(same, present()))
    assert not has.any()
    assert not content.any()


def test_a_single_described_video_keeps_its_vector() -> None:
    content, has = content_space(understood(topics(), present(3)), seen(topics(), present()))
    assert has.sum() == 1
    assert content[3].any()


def test_wide_pictures_are_reduced_and_keep_their_likeness() -> None:
    n = 300
    rng = np.random.default_rng(3)
    basis = rng.normal(size=(10, 700))
    picture = (rng.normal(size=(n, 10)) @ basis).astype(np.float32)
    nothing = understood(np.zeros((n, 0), dtype=np.float32), np.zeros(n, dtype=np.bool_))
    content, _ = content_space(nothing, seen(picture, np.ones(n, dtype=np.bool_)))
    assert content.shape == (n, MAX_PICTURE)
    centred = picture - picture.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(content @ content.T, unit @ unit.T, atol=1e-3)


def test_catalogues_of_different_lengths_are_refused() -> None:
    with pytest.raises(StageFailed, match="different catalogues"):
        content_space(understood(topics(4), np.ones(4, dtype=np.bool_)), seen(topics(), present()))


def test_the_stage_builds_from_its_neighbours_nouns(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    everyone = present(*range(N))
    videos = pl.DataFrame(
        {"video_id": [f"v{i}" for i in range(N)], "published_at": [None, *range(1, N)]}
    )
    videos = pl.concat([pl.DataFrame(schema=VIDEO_SCHEMA), videos], how="diagonal_relaxed")
    histories = training_of([[0, 2, 4], [1, 3, 5], [0, 4]], N).histories
    text, pictures = understood(topics(), everyone), seen(topics(seed=1), everyone)
    model = build(Tables({"videos": videos}), histories, text, pictures, Config().interest, context)
    assert list(model.experts) == list(Config().interest.experts)
    assert model.content.shape[0] == N
    assert model.warm.tolist() == [True] * 6 + [False] * 2
    assert model.report["new_videos"] == 2
    short = training_of([[0]], N + 1).histories
    with pytest.raises(StageFailed, match="different catalogues"):
        build(Tables({"videos": videos}), short, text, pictures, Config().interest, context)
