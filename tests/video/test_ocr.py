"""Screen text: text drawn in clips is read, with its times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.video.clips import plain, tables_of, write_clip
from tests.video.test_build import made, row
from vireo.arrays import Bytes
from vireo.config import Config
from vireo.video.encoders import contrastive_training
from vireo.video.text.base import SubtitleLine, TextSection
from vireo.video.text.ocr_task import merge_texts

NIGHT = (20, 30, 60)


def with_text(index: int, pixels: Bytes) -> None:
    """SNOW IN MAY in the first half, then no text."""
    from PIL import Image, ImageDraw, ImageFont

    pixels[:] = NIGHT
    if index < 15:
        image = Image.fromarray(pixels)
        font = ImageFont.load_default(40)
        ImageDraw.Draw(image).text((40, 90), "SNOW IN MAY", fill=(255, 255, 255), font=font)
        pixels[:] = np.asarray(image)


def test_a_text_is_one_line_from_its_first_frame_to_its_last() -> None:
    lines = merge_texts([1.0, 3.0, 5.0], [["NEWS", "Snow"], ["snow"], ["Rain"]])
    assert lines == [
        SubtitleLine(1.0, 1.0, "NEWS"),
        SubtitleLine(1.0, 3.0, "Snow"),
        SubtitleLine(5.0, 5.0, "Rain"),
    ]


@pytest.mark.slow
def test_screen_text_becomes_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rapidocr", reason="rapidocr is not installed")
    pytest.importorskip("PIL", reason="pillow is not installed")
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    clips = {
        "news": write_clip(tmp_path / "news.mp4", with_text, size=(384, 256), key_every=5),
        "night": write_clip(tmp_path / "night.mp4", plain(NIGHT), size=(384, 256)),
    }
    text_section = TextSection(ocr="rapidocr", ocr_frames=4).model_dump()
    config = Config.of({"video": {"resolution": 32, "frames": 4, "text": text_section}})
    features = made(tables_of(clips), tmp_path, config)
    ((video, start, end, text, source),) = features.dialogue.rows()
    assert (video, text.upper().replace(" ", "")) == ("news", "SNOWINMAY")
    assert source == "screen"
    assert 0 <= start < end <= 1.5  # two of the four frames
    assert row(features, "news")["text_source"] == "screen"
    assert row(features, "night")["text_source"] is None
