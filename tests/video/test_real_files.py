"""Real files: every unusual one gives a valid row, and libav prints no message."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.real_data import data_folder
from vireo.engine import EngineSection
from vireo.engine.processes import Processes
from vireo.video.extract import ExtractionCache, ExtractionTask
from vireo.video.extraction import Extraction, ExtractionJob
from vireo.video.sampling import SamplingPlan

UNREADABLE = {
    "androidx_sample_fragmented_sideloaded_track.mp4",
    "pocketsphinx_evil.wav",
    "pocketsphinx_awful.wav",
    "androidx_invalid-bitstream.webm",
}


def extracted(paths: list[Path], folder: Path) -> dict[str, Extraction]:
    work = ExtractionTask(folder, SamplingPlan(8, 64))
    jobs = [ExtractionJob(f"{index:04d}", str(path), None) for index, path in enumerate(paths)]
    engine = Processes(EngineSection(workers=2))
    found = {}
    for outcome in engine.map(work, jobs, timeout=60.0):
        assert outcome.kind == "done", (paths[outcome.index].name, outcome.error)
        extraction = ExtractionCache(folder).load(jobs[outcome.index].key, lazy=["pixels"])
        assert extraction is not None
        found[paths[outcome.index].name] = extraction
    return found


@pytest.mark.slow
def test_every_odd_file_gives_a_row(tmp_path: Path) -> None:
    folder = data_folder("clips")
    probes = {
        Path(entry["file"]).name: entry["probe"]
        for entry in json.loads((folder / "manifest.json").read_text())
        if entry["kind"] == "odd"
    }
    found = extracted(sorted((folder / "odd").iterdir()), tmp_path)
    assert len(found) == len(probes) == 48
    assert {name for name, row in found.items() if row.status == "failed"} == UNREADABLE
    for name, row in found.items():
        assert (row.reason == "") == (row.status == "ok"), name
        assert np.isfinite(row.audio).all(), name
        decodable = probes[name].get("frames", 0)
        assert len(row.times) >= min(decodable - 1, 6), name
        assert len(row.times) <= 8, name
        assert (np.diff(row.times) > 0).all(), name
        assert row.pixels.shape == (len(row.times), 64, 64, 3), name
    statuses = Counter(row.status for row in found.values())
    assert statuses["ok"] >= 34
    assert found["decord_corrupted.mp4"].status == "partial"
    assert found["androidx_sample_with_invalid_nalu.mp4"].status == "partial"
    assert found["torchcodec_sine_mono_s32_8000.wav"].reason == "the file has no video stream"
    turned, straight = found["decord_video_270.mov"], found["decord_video_0.mov"]
    assert (turned.width, turned.height) == (straight.height, straight.width)


def test_camera_footage_is_read_whole(tmp_path: Path) -> None:
    folder = data_folder("clips") / "misc"
    names = ("nasa_13013.mp4", "moviepy_chaplin.mp4", "mmaction2_test.avi", "making_cake.mp4")
    found = extracted([folder / name for name in names], tmp_path)
    assert {row.status for row in found.values()} == {"ok"}
    assert found["nasa_13013.mp4"].dialogue[0].text.startswith("NAR: This is")
    assert found["making_cake.mp4"].has_audio is False
    assert found["moviepy_chaplin.mp4"].has_audio is True


def test_the_stage_loads_neither_torch_nor_libav_before_it_is_used() -> None:
    code = (
        "import sys, vireo.video.build; "
        "print([name for name in ('torch', 'transformers', 'av') if name in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "[]"
