"""The stage: one row per file of any kind; only new files are read and encoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.video.clips import BLUE, GREEN, RED, plain, tables_of, thirds, write_clip
from vireo.artifacts.files import digest_of_file
from vireo.config import Config
from vireo.data.base import Tables
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.base import Engine
from vireo.engine.processes import Processes
from vireo.engine.serial import Serial
from vireo.errors import ConfigError, UnknownPart
from vireo.video import VideoFeatures
from vireo.video.audio_features import DIMENSION
from vireo.video.build import build, recipe
from vireo.video.encoders import contrastive_training

CONFIG = Config.of({"video": {"resolution": 32, "frames": 4}})


@pytest.fixture(autouse=True)
def _short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)


def made(
    tables: Tables, folder: Path, config: Config = CONFIG, engine: Engine | None = None
) -> VideoFeatures:
    engine = engine or Serial(EngineSection())
    context = Context(engine, folder / "cache", NullProgress(), config.seed)
    return build(tables, config.video, config.language, context, folder / "encoder")


def id_of(tables: Tables, folder: Path, config: Config = CONFIG) -> dict[str, Any]:
    return recipe(tables.media, config.video, folder / "encoder", config.seed)


def row(features: VideoFeatures, video_id: str) -> dict[str, Any]:
    return features.table.row(by_predicate=pl.col("video_id") == video_id, named=True)


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    colors = {"red": RED, "green": GREEN, "blue": BLUE}
    paths = {
        name: write_clip(
            tmp_path / f"{name}.mp4", plain(color), tone=400 if name == "red" else None
        )
        for name, color in colors.items()
    }
    (tmp_path / "red.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello <b>red</b>\n")
    return paths


def test_every_video_has_a_row_in_the_order_of_the_catalogue(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    bad = {"empty": tmp_path / "e.mp4", "garbage": tmp_path / "g.mp4", "cut": tmp_path / "c.mp4"}
    bad["empty"].touch()
    bad["garbage"].write_bytes(np.random.default_rng(0).bytes(4_000))
    whole = clips["red"].read_bytes()
    bad["cut"].write_bytes(whole[: len(whole) // 2])
    missing = {"missing": tmp_path / "none.mp4", "folder": tmp_path}
    tables = tables_of({"no file": tmp_path, **clips, **bad, **missing})
    media = tables.media.filter(pl.col("video_id") != "no file")
    tables = Tables({"videos": tables.videos, "media": media})
    features = made(tables, tmp_path, engine=Processes(EngineSection(workers=2)))
    assert features.table["video_id"].to_list() == tables.videos["video_id"].to_list()
    assert dict(features.table.select("video_id", "status").iter_rows()) == {
        "no file": "absent",
        **dict.fromkeys(clips, "ok"),
        **dict.fromkeys([*bad, *missing], "failed"),
    }
    assert "empty" in row(features, "empty")["reason"]
    assert "not a media file" in row(features, "garbage")["reason"]
    assert row(features, "missing")["reason"] == f"file not found: {tmp_path / 'none.mp4'}"
    assert "a directory" in row(features, "folder")["reason"]
    red = row(features, "red")
    assert (red["width"], red["height"]) == (64, 48)
    assert red["frames"] >= 3  # three distinct key frames of four are enough
    assert red["duration"] == pytest.approx(3.0, abs=0.2)
    assert red["digest"] == digest_of_file(clips["red"])
    assert features.has_picture.tolist() == [False, True, True, True, *[False] * 5]
    assert features.has_audio.tolist() == [False, True, *[False] * 7]
    assert features.audio.shape == (9, DIMENSION)
    assert not features.picture[~features.has_picture].any()
    assert features.dialogue.rows() == [("red", 1.0, 2.0, "Hello red", "subtitles")]
    assert red["sheet"].startswith("cache/")
    assert (tmp_path / red["sheet"]).read_bytes()[:2] == b"\xff\xd8"  # a JPEG
    assert row(features, "garbage")["sheet"] is None
    assert -20 < red["loudness"] < -5
    assert row(features, "blue")["loudness"] is None


def test_the_plan_of_the_section_is_followed(clips: dict[str, Path], tmp_path: Path) -> None:
    video = CONFIG.video.model_copy(update={"sampling": "fps", "fps": 2.0, "crops": 2})
    features = made(tables_of(clips), tmp_path, CONFIG.model_copy(update={"video": video}))
    assert features.table["frames"].to_list() == [6, 6, 6]
    assert features.has_picture.all()


def test_a_second_build_reads_and_encodes_nothing(clips: dict[str, Path], tmp_path: Path) -> None:
    tables = tables_of(clips)
    before = id_of(tables, tmp_path)
    first = made(tables, tmp_path)
    assert (first.info["opened"], first.info["encoded"], first.info["reused"]) == ("3", "3", "0")
    again = made(tables, tmp_path)
    assert (again.info["opened"], again.info["encoded"], again.info["reused"]) == ("0", "0", "3")
    assert first.picture.tobytes() == again.picture.tobytes()
    # the id of the training is known before it is done, and stays after it
    assert id_of(tables, tmp_path) == before


def test_one_new_file_is_the_only_one_that_is_read(clips: dict[str, Path], tmp_path: Path) -> None:
    first = made(tables_of(clips), tmp_path)
    before = id_of(tables_of(clips), tmp_path)
    grown = tables_of({"new": write_clip(tmp_path / "new.mp4", thirds), **clips})
    after = made(grown, tmp_path)
    assert (after.info["opened"], after.info["encoded"], after.info["reused"]) == ("1", "1", "3")
    assert after.info["fingerprint"] == first.info["fingerprint"]
    assert after.has_picture.all()  # less the mean of four now: what is kept are raw vectors
    assert id_of(grown, tmp_path)["encoder"] == before["encoder"]


def test_much_growth_trains_again(clips: dict[str, Path], tmp_path: Path) -> None:
    first = made(tables_of(clips), tmp_path)
    more = {
        name: write_clip(tmp_path / f"{name}.mp4", thirds, frames=25 + i)
        for i, name in enumerate(("a", "b"))
    }
    grown = tables_of({**clips, **more})
    expected = id_of(grown, tmp_path)
    after = made(grown, tmp_path)
    assert after.info["fingerprint"] != first.info["fingerprint"]
    assert (after.info["opened"], after.info["encoded"]) == ("2", "5")
    assert id_of(grown, tmp_path) == expected
    assert id_of(tables_of(clips), tmp_path) != expected  # the small catalogue has its own encoder


def test_failed_files_are_remembered_and_changed_ones_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video" * 100)
    first = made(tables_of({"a": path}), tmp_path)
    again = made(tables_of({"a": path}), tmp_path)
    assert (first.info["opened"], again.info["opened"]) == ("1", "0")
    assert row(again, "a")["reason"] == row(first, "a")["reason"] != ""
    write_clip(path, plain(RED))
    assert row(made(tables_of({"a": path}), tmp_path), "a")["status"] == "ok"


def test_leftovers_of_a_killed_build_are_ignored(clips: dict[str, Path], tmp_path: Path) -> None:
    expected = made(tables_of(clips), tmp_path).picture.tobytes()
    for cached in (tmp_path / "cache").rglob("*.safetensors"):
        cached.with_name(f".{cached.name}.123.tmp").write_bytes(b"half")
        cached.write_bytes(cached.read_bytes()[:50])  # and a disk that lost the end of a file
    (tmp_path / "encoder" / ".half.123.tmp").mkdir()
    again = made(tables_of(clips), tmp_path)
    assert again.info["opened"] == "3"
    assert again.picture.tobytes() == expected


def test_no_files_at_all(tmp_path: Path) -> None:
    videos = tables_of({"a": tmp_path, "b": tmp_path}).videos
    features = made(Tables({"videos": videos}), tmp_path)
    assert features.table["status"].to_list() == ["absent", "absent"]
    assert features.picture.shape == (2, 0)
    assert features.info["note"] == "No video names a file: going on with text alone."
    assert id_of(Tables({"videos": videos}), tmp_path)["encoder"] == "none"
    missing = made(tables_of({"a": tmp_path / "none.mp4"}), tmp_path)
    assert "None of the named files" in missing.info["note"]
    assert made(Tables({"videos": videos.clear()}), tmp_path).table.height == 0


def test_features_survive_the_disk(clips: dict[str, Path], tmp_path: Path) -> None:
    videos = tables_of({"a": tmp_path}).videos
    for name, tables in {"full": tables_of(clips), "none": Tables({"videos": videos})}.items():
        features = made(tables, tmp_path)
        (tmp_path / name).mkdir()
        features.save(tmp_path / name)
        loaded = VideoFeatures.load(tmp_path / name)
        assert loaded.picture.tobytes() == features.picture.tobytes()
        assert loaded.table.equals(features.table)
        assert loaded.dialogue.equals(features.dialogue)
        assert loaded.info == features.info


def test_a_new_sidecar_file_changes_the_recipe(clips: dict[str, Path], tmp_path: Path) -> None:
    before = id_of(tables_of(clips), tmp_path)
    made(tables_of(clips), tmp_path)
    (tmp_path / "blue.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nSea\n")
    assert id_of(tables_of(clips), tmp_path) != before
    after = made(tables_of(clips), tmp_path)
    assert after.info["opened"] == "1"
    assert after.dialogue["text"].to_list() == ["Hello red", "Sea"]


def test_missing_subtitles_that_are_named_are_reported(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    tables = tables_of({"blue": clips["blue"]})
    media = tables.media.with_columns(subtitles=pl.lit(str(tmp_path / "none.srt")))
    features = made(Tables({"videos": tables.videos, "media": media}), tmp_path)
    assert row(features, "blue")["status"] == "partial"
    assert "subtitles cannot be read" in row(features, "blue")["reason"]


def test_a_file_that_takes_too_long_is_given_up_and_tried_again(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    hasty = Config.of({"video": {"resolution": 32, "frames": 4, "timeout_seconds": 1e-6}})
    engine = Processes(EngineSection(workers=1))
    tables = tables_of({"red": clips["red"]})
    features = made(tables, tmp_path, hasty, engine)
    assert row(features, "red")["status"] == "failed"
    assert "took longer than" in row(features, "red")["reason"]
    patient = made(tables, tmp_path, engine=engine)
    assert row(patient, "red")["status"] == "ok"


def test_the_same_file_twice_is_read_once(clips: dict[str, Path], tmp_path: Path) -> None:
    features = made(tables_of({"a": clips["red"], "b": clips["red"]}), tmp_path)
    assert features.info["opened"] == "1"
    assert features.picture[0].tobytes() == features.picture[1].tobytes()


def test_an_encoder_with_its_own_weights_sees_its_own_resolution(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    from tests.video.test_onnx import write_model

    model = write_model(tmp_path / "m.onnx", ["n", 3, 16, 16])
    config = Config.of(
        {"video": {"encoder": "onnx", "model": str(model), "frames": 4, "pooling": ["mean"]}}
    )
    features = made(tables_of(clips), tmp_path, config)
    assert features.picture.shape == (3, 3)
    assert features.picture.argmax(1).tolist() == [0, 1, 2]
    before = id_of(tables_of(clips), tmp_path, config)
    (tmp_path / "m.json").write_text('{"scale": 0.01}')
    assert id_of(tables_of(clips), tmp_path, config) != before


def test_the_text_of_the_videos_is_read_for_training(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    titles = {"red": "A red evening", "green": None, "blue": "blue"}  # the last repeats its id
    with_text = made(tables_of(clips, title=titles, tags={"red": ["sky"]}), tmp_path / "a")
    without = made(tables_of(clips, title={"blue": "blue"}), tmp_path / "b")
    assert with_text.info["fingerprint"] != without.info["fingerprint"]
    assert with_text.has_picture.all()


def test_the_removed_audio_network_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r'was removed.*write audio_encoder = "statistics"'):
        Config.of({"video": {"audio_encoder": "network"}})


def test_an_unknown_audio_encoder_is_an_error(clips: dict[str, Path], tmp_path: Path) -> None:
    video = CONFIG.video.model_copy(update={"audio_encoder": "statistic"})
    with pytest.raises(UnknownPart, match="Did you mean 'statistics'"):
        made(tables_of(clips), tmp_path, CONFIG.model_copy(update={"video": video}))
