"""The section on videos: every figure of the results files is on the page, goals beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.video_page import SECTIONS, sections

MADE = {"command": "python -m bench.x", "date": "2026-11-28", "machine": "a machine"}
FIGURES: dict[str, dict[str, Any]] = {
    "quality": {
        "onnx MobileNetV2, mean alone": {"actions": 0.123, "altered": 0.234},
        "onnx MobileNetV2": {"looks = 1": {"actions": 0.345, "altered": 0.456}},
        "cnn, seed 0": {
            "looks = 0": {"actions": 0.567, "altered": 0.678},
            "processor_ms_per_picture": 1.5,
        },
    },
    "text": {"chance": 0.143, "onnx": {"searches": 35, "precision at 2": 0.789}},
    "speed": {
        "clips": "6 clips",
        "nearest key frames": {
            "bare_loop_ms": 40.0,
            "vireo_ms": 32.0,
            "times_as_fast": 1.25,
            "times_as_fast_per_core": 1.5,
        },
        "exact": {"bare_loop_ms": 200.0, "vireo_ms": 80.0, "times_as_fast": 2.5},
        "exact by opencv": {"exact_ms": 160.0},
        "exact by decord": {"failed": ["no such module"]},
        "overlap": {
            "encoding_alone_per_s": 10.0,
            "decoding_alone_per_s": 20.0,
            "overlapped_per_s": 9.5,
            "share_of_the_slower": 0.95,
        },
        "memory": {"6 files": {"workers_mb": 201.0, "parent_mb": 301.0}},
        "many": {
            "encoder": "onnx",
            "clips": 2000,
            "build_s": 41.0,
            "per_s": 48.8,
            "again_s": 2.5,
            "status": {"ok": 2000},
            "workers_mb": 202.0,
            "parent_mb": 402.0,
        },
    },
    "sound": {
        "statistics": {"same digit": 0.071, "same speaker": 0.817, "altered": 0.294},
        "network, seed 0": {
            "same digit": 0.217,
            "same speaker": 0.601,
            "altered": 0.235,
            "processor s of training": 42,
        },
    },
    "fuzz": {
        "copies": 500,
        "sources": 99,
        "outcomes": {"ok": 321, "failed": 179},
        "not accounted for": [],
        "seconds": 77.0,
        "workers_mb": 203.0,
    },
    "words": {
        "cards": {
            "files": 3,
            "words": 15,
            "word_error_rate": 0.111,
            "command_line_word_error_rate": 0.112,
            "files_with_the_same_words": 2,
            "processor_seconds_per_second": 0.26,
        }
    },
}


def test_every_figure_is_shown_with_its_goal(tmp_path: Path) -> None:
    assert set(FIGURES) == set(SECTIONS)
    assert sections(tmp_path) == ""
    for name, figures in FIGURES.items():
        path = tmp_path / f"video_{name}.json"
        path.write_text(json.dumps({**MADE, "figures": figures}))
    text = sections(tmp_path)
    told = "0.123 0.234 0.345 0.456 0.567 0.678 0.789 1.25 2.50 2.00 0.95 301 2,000 202 321 203"
    assert not [figure for figure in told.split() if figure not in text]
    assert "| cnn, seed 0 | looks = 0 | 1.5 | 0.567 | 0.40 | 0.678 | 0.60 |" in text
    assert "| onnx MobileNetV2, mean alone |  |  | 0.123 |  | 0.234 |  |" in text
    assert "| cards | 3 | 15 | 0.111 | 0.112 | 2 | 0.26 |" in text
    assert text.count("python -m bench.x") == len(SECTIONS)
