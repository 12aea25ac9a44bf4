"""The nouns of the video room: Frames, Pictures, VideoFeatures; the seam FrameEncoder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from pydantic import Field
from safetensors.numpy import save_file

from vireo.arrays import Bools, Bytes, Floats, Ints
from vireo.artifacts.files import write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.settings import Section, Size
from vireo.video.extract import Extraction, ExtractionJob
from vireo.video.sampling import MOST_FRAMES, Sampling, SamplingPlan
from vireo.video.text.base import TextSection

FEATURE_SCHEMA: dict[str, Any] = {
    "video_id": pl.String,
    "status": pl.String,  # "ok", "partial" (something missing), "absent" (no file), "failed"
    "reason": pl.String,  # why it is not "ok"
    "duration": pl.Float64,
    "width": pl.Int64,
    "height": pl.Int64,
    "frames": pl.Int64,  # frames sampled
    "has_sound": pl.Boolean,
    "loudness": pl.Float64,  # decibels below full scale
    "speech": pl.Float64,  # share of the seconds that hold speech
    "tempo": pl.Float64,  # beats a minute; 0 where there is no beat
    "digest": pl.String,
    "sheet": pl.String,  # contact sheet: its path inside the workspace
    "words": pl.String,  # where the lines come from: "subtitles", "speech", "screen", joined
}
DIALOGUE_SCHEMA: dict[str, Any] = {
    "video_id": pl.String,
    "start": pl.Float64,  # seconds
    "end": pl.Float64,
    "text": pl.String,
    "source": pl.String,  # "subtitles", "speech" or "screen"
}


class VideoSection(Section):
    """`[video]`: what is taken from the files."""

    size: Size = "small"
    """Size of the `cnn` encoder and of its training."""
    encoder: str = "cnn"
    """`cnn` (trained on the catalogue), `onnx` (a model file) or `hub` (a Hugging Face model)."""
    model: str = ""
    """For `onnx`: the path of the model. For `hub`: a directory, or a name (needs a network)."""
    sampling: Sampling = "uniform"
    """`uniform` (`frames` spread over the length), `scenes` (over the shots, of which the longest
    come first) or `fps` (`rate` a second)."""
    frames: int = Field(default=8, ge=1, le=MOST_FRAMES)
    """Frames sampled over the whole length of a video."""
    fps: float = Field(default=1.0, gt=0)
    """For `fps`: frames a second; of a long video 256 are taken, evenly."""
    exact_frames: bool = False
    """Take the frames at the wanted moments themselves instead of the nearest key frames: several
    times the work."""
    crops: int = Field(default=0, ge=0, le=5)
    """0 squeezes the whole picture into a square; 1 cuts one from the centre; more are spread along
    the long side: the encoder runs on each, and their vectors are averaged."""
    threads: int = Field(default=2, ge=1)
    """Threads of an `onnx` model; other counts give other last digits."""
    resolution: int = 96
    """Side of the square frames that `cnn` sees; `onnx` and `hub` models bring their own."""
    pooling: tuple[str, ...] = ("mean", "max", "motion")
    """How frame vectors become one vector: parts are joined in this order."""
    timeout_seconds: float = 20.0
    """Seconds that one file may take before it is given up."""
    memory_limit_mb: int = Field(default=2000, ge=0)
    """MB by which a worker may grow while it reads one file; 0 for no limit (Linux)."""
    max_download_mb: int = Field(default=2000, ge=1)
    """MB of the largest file that is fetched by URL (see `data.remote`); `timeout` counts that."""
    retrain_at_growth: float = 0.5
    """`cnn` is trained anew when the files it was not trained on exceed this share."""
    audio_encoder: str = "statistics"
    """What describes the sound: `statistics` (of log-mel bands) or `network` (a small one, trained
    on the catalogue as `cnn` is)."""
    text: TextSection = TextSection()
    """What is said and shown where no subtitles tell it."""

    def plan(self, resolution: int) -> SamplingPlan:
        """Which frames an encoder of this resolution wants."""
        return SamplingPlan(
            self.frames, resolution, self.crops, self.sampling, self.fps, self.exact_frames
        )


@dataclass(frozen=True)
class Frames:
    """Frames sampled from one video: pixels (n * looks, side, side, 3) uint8 RGB, times (n,)."""

    pixels: Bytes
    times: Floats


class FrameEncoder(Protocol):
    """Pictures in, vectors out. One file per encoder, one line in the menu `ENCODERS`.

    The menu names a factory: `provide(section: VideoSection, footage: TrainingFrames, context: Context)
    -> FrameEncoder`. Encoders that bring their own weights do not look at the footage.
    """

    fingerprint: str
    """Changes whenever the same pixels would give another vector."""
    dimension: int
    resolution: int

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB -> (n, dimension) float32, finite."""
        ...


class FrameSource(Protocol):
    """The frames of the catalogue's files at one resolution, read from disk file by file."""

    @property
    def counts(self) -> Ints:
        """(n,) frames of each file; 0 where none could be had."""
        ...

    def pixels(self, row: int) -> Bytes:
        """(counts[row] * looks, resolution, resolution, 3) uint8 RGB, looks side by side."""
        ...


class TrainingFrames(Protocol):
    """What an encoder that learns may see: the catalogue's own frames and texts."""

    @property
    def digests(self) -> Sequence[str]:
        """sha256 of each file, one per row."""
        ...

    @property
    def encoders(self) -> Path:
        """Where trained encoders are kept for later builds."""
        ...

    def at(self, resolution: int) -> FrameSource:
        """The frames; files that were not read at this resolution before are read now."""
        ...

    def texts(self) -> Floats:
        """(n, d) unit rows: title, description and tags; zeros (or d = 0) for no text."""
        ...


class AudioSource(Protocol):
    """The sounds of the catalogue's files, read from disk file by file."""

    jobs: list[ExtractionJob]

    def taken(self, row: int) -> Extraction:
        """What was taken from a file: its statistics (`sound`), and whether it `has_sound`."""
        ...

    def bands(self, row: int) -> Bytes:
        """(t, mel.BANDS) uint8, see `mel.levels`."""
        ...


AudioEncoder = Callable[[int], Floats]
"""The row of a file -> the vector of its sound, as long for one file as for another.

The menu `EARS` names factories: `provide(section, footage, sounds: Sounds, context) -> Ear`."""


@dataclass(frozen=True)
class VideoFeatures:
    """What was seen and heard: one row per video of the catalogue, in the catalogue's order."""

    table: pl.DataFrame
    """FEATURE_SCHEMA."""
    picture: Floats
    """(n, d); rows of zeros where there is no picture."""
    has_picture: Bools
    sound: Floats
    """(n, s); rows of zeros where there is no sound."""
    has_sound: Bools
    dialogue: pl.DataFrame
    """DIALOGUE_SCHEMA: what is said and shown, in order of time within a video."""
    info: Mapping[str, str]
    """Encoder, its fingerprint, a sentence for the user."""

    def save(self, directory: Path) -> None:
        self.table.write_parquet(directory / "table.parquet")
        self.dialogue.write_parquet(directory / "dialogue.parquet")
        arrays = {
            "picture": np.ascontiguousarray(self.picture),
            "has_picture": self.has_picture,
            "sound": np.ascontiguousarray(self.sound),
            "has_sound": self.has_sound,
        }
        save_file(arrays, directory / "vectors.safetensors")
        # Not as the metadata of the vectors: its order, and so the bytes, would change by chance.
        write_json(directory / "info.json", dict(self.info))

    @classmethod
    def load(cls, directory: Path) -> VideoFeatures:
        arrays: dict[str, Any] = read_arrays(directory / "vectors.safetensors")
        info = json.loads((directory / "info.json").read_text(encoding="utf-8"))
        dialogue = pl.read_parquet(directory / "dialogue.parquet")
        if "source" not in dialogue.columns:  # what is served may be an earlier version's
            dialogue = dialogue.with_columns(source=pl.lit("subtitles"))
        return cls(
            table=pl.read_parquet(directory / "table.parquet"),
            dialogue=dialogue,
            info=info,
            **arrays,
        )

    def summary(self) -> dict[str, Any]:
        counts = dict(self.table["status"].value_counts().iter_rows())
        return {"status": counts, "dialogue_lines": self.dialogue.height, **self.info}
