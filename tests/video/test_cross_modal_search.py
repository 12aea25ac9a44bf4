"""Through the command line: a sentence finds pictures that fit and whose text is missing."""

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

SAID = {
    "fire": (RED, "a campfire burning red at night"),
    "forest": (GREEN, "green leaves in the forest"),
    "sea": (BLUE, "blue waves of the open sea"),
}
EACH, HIDDEN = 12, 3


def tinted(colour: tuple[int, int, int], seed: int) -> Draw:
    """Noise around a colour, which moves: no two clips look the same."""
    random = np.random.default_rng(seed)
    grain = random.integers(-60, 60, (48, 64, 3))

    def draw(index: int, pixels: Bytes) -> None:
        pixels[:] = np.clip(np.array(colour) + np.roll(grain, index, axis=1), 0, 255)

    return draw


@pytest.mark.slow
def test_a_sentence_finds_pictures_that_no_text_mentions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 12)
    rows = list[dict[str, str]]()
    hidden = {name: [f"{name}-{n}" for n in range(HIDDEN)] for name in SAID}
    for name, (colour, text) in SAID.items():
        for number in range(EACH):
            video = f"{name}-{number}"
            path = write_clip(tmp_path / f"{video}.mp4", tinted(colour, len(rows)), frames=12)
            told = "" if video in hidden[name] else f"{text}, part {number}"
            rows.append({"video_id": f"v{len(rows)}", "path": str(path), "description": told})
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
    untold = {order[video]: name for name, videos in hidden.items() for video in videos}
    for name, (_, text) in SAID.items():
        said = run(tmp_path, "search", text, "-w", str(tmp_path / "ws"), "--k", "36")
        found = [untold[pick["video_id"]] for pick in said if pick["video_id"] in untold]
        assert found[:HIDDEN] == [name] * HIDDEN
        first = [pick["video_id"] for pick in said[: EACH - HIDDEN]]
        assert not set(first) & set(untold)  # what says it in words comes before what shows it
        seen = [pick["reason"] for pick in said if untold.get(pick["video_id"]) == name]
        assert all("Looks or sounds like your words" in reason for reason in seen)


def run(folder: Path, *words: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout) if done.stdout.strip() else []
    return answer if isinstance(answer, list) else []
