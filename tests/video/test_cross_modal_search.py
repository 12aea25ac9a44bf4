"""Search by text through the command line: videos without text are found by their frames."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.video.clips import BLUE, GREEN, RED, Draw, write_clip
from vireo.arrays import Bytes
from vireo.cli import app
from vireo.video.encoders import contrastive_training

TEXTS = {
    "fire": (RED, "a campfire burning red at night"),
    "forest": (GREEN, "green leaves in the forest"),
    "sea": (BLUE, "blue waves of the open sea"),
}
EACH, HIDDEN = 12, 3


def tinted(color: tuple[int, int, int], seed: int) -> Draw:
    """Moving noise around a color, different in each clip."""
    random = np.random.default_rng(seed)
    grain = random.integers(-60, 60, (48, 64, 3))

    def draw(index: int, pixels: Bytes) -> None:
        pixels[:] = np.clip(np.array(color) + np.roll(grain, index, axis=1), 0, 255)

    return draw


@pytest.mark.slow
def test_a_sentence_finds_videos_without_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 12)
    rows = list[dict[str, str]]()
    hidden = {name: [f"{name}-{n}" for n in range(HIDDEN)] for name in TEXTS}
    for name, (color, text) in TEXTS.items():
        for number in range(EACH):
            video = f"{name}-{number}"
            path = write_clip(tmp_path / f"{video}.mp4", tinted(color, len(rows)), frames=12)
            description = "" if video in hidden[name] else f"{text}, part {number}"
            rows.append(
                {"video_id": f"v{len(rows)}", "path": str(path), "description": description}
            )
    order = {Path(row["path"]).stem: row["video_id"] for row in rows}
    with (tmp_path / "videos.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["video_id", "path", "description"])
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "events.csv").write_text("user_id,video_id,event\nu1,v5,view\nu1,v17,view\n")
    run(tmp_path, "new", str(tmp_path / "ws"))
    config = tmp_path / "ws" / "vireo.toml"
    config.write_text("[video]\nresolution = 32\nframes = 4\n[engine]\nname = 'serial'\n")
    tables = [f"--{name}={tmp_path / name}.csv" for name in ("videos", "events")]
    run(tmp_path, "ingest", "-w", str(tmp_path / "ws"), *tables)
    run(tmp_path, "build", "-w", str(tmp_path / "ws"), "--fast")
    without_text = {order[video]: name for name, videos in hidden.items() for video in videos}
    for name, (_, text) in TEXTS.items():
        picks = run(tmp_path, "search", text, "-w", str(tmp_path / "ws"), "--k", "36")
        found = [
            without_text[pick["video_id"]] for pick in picks if pick["video_id"] in without_text
        ]
        assert found[:HIDDEN] == [name] * HIDDEN
        first = [pick["video_id"] for pick in picks[: EACH - HIDDEN]]
        assert not set(first) & set(without_text)  # matching text ranks above matching frames
        reasons = [pick["reason"] for pick in picks if without_text.get(pick["video_id"]) == name]
        assert all("Looks or sounds like your words" in reason for reason in reasons)


def run(folder: Path, *words: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout) if done.stdout.strip() else []
    return answer if isinstance(answer, list) else []
