"""Types of the video stage: settings, VideoFeatures, and the protocols of the encoders."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from pydantic import Field, field_validator
from safetensors.numpy import save_file

from vireo.arrays import Bools, Bytes, Floats, Ints
from vireo.artifacts.files import write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.settings import Section, Size
from vireo.video.extraction import Extraction, ExtractionJob
from vireo.video.sampling import MAX_FRAMES, Sampling, SamplingPlan
from vireo.video.text.base import TextSection

FEATURE_SCHEMA: dict[str, Any] = {
    "video_id": pl.String,
    "status": pl.String,  # "ok", "partial" (something missing), "absent" (no file), "failed"
    "reason": pl.String,  # why the status is not "ok"
    "duration": pl.Float64,  # seconds
    "width": pl.Int64,
    "height": pl.Int64,
    "frames": pl.Int64,  # number of sampled frames
    "has_audio": pl.Boolean,
    "loudness": pl.Float64,  # decibels below full scale
    "speech": pl.Float64,  # share of the seconds that hold speech
    "tempo": pl.Float64,  # beats per minute; 0 where there is no beat
    "digest": pl.String,
    "sheet": pl.String,  # path of the contact sheet inside the workspace
    "text_source": pl.String,  # "subtitles", "speech", "screen", joined by ", "
}
DIALOGUE_SCHEMA: dict[str, Any] = {
    "video_id": pl.String,
    "start": pl.Float64,  # seconds
    "end": pl.Float64,
    "text": pl.String,
    "source": pl.String,  # "subtitles", "speech" or "screen"
}


class VideoSection(Section):
    """`[video]`: what is extracted from the files, and how it is encoded."""

    size: Size = "small"
    """Size of the `cnn` encoder and length of its training."""
    encoder: str = "cnn"
    """`cnn` (trained on the catalogue), `onnx` (a model file) or `hub` (a Hugging Face model)."""
    model: str = ""
    """For `onnx`: the path of the model. For `hub`: a directory, or a name (needs a network)."""
    sampling: Sampling = "uniform"
    """`uniform` (`frames` frames at equal distances), `scenes` (spread over the shots, longest
    shots first) or `fps` (`fps` frames per second)."""
    frames: int = Field(default=8, ge=1, le=MAX_FRAMES)
    """Frames sampled from each video."""
    fps: float = Field(default=1.0, gt=0)
    """For `fps` sampling: frames per second; at most 256 per video, at equal distances."""
    exact_frames: bool = False
    """Decode the frames at the sampled times instead of the nearest key frames: several times
    the work."""
    crops: int = Field(default=0, ge=0, le=5)
    """0 squeezes the whole frame into a square; 1 is the center crop; more are spread along the
    long side. The encoder runs on each crop, and their vectors are averaged."""
    threads: int = Field(default=2, ge=1)
    """Threads of an `onnx` model; another number gives other last digits."""
    resolution: int = 96
    """Side of the square frames of `cnn`; `onnx` and `hub` models have their own."""
    pooling: tuple[str, ...] = ("mean", "max", "motion")
    """Temporal poolings of the frame vectors, concatenated in this order."""
    timeout_seconds: float = 20.0
    """Seconds after which reading a file is given up."""
    memory_limit_mb: int = Field(default=2000, ge=0)
    """MB by which a worker may grow while it reads one file; 0 for no limit (Linux)."""
    max_download_mb: int = Field(default=2000, ge=1)
    """MB of the largest file that is fetched by URL (see `data.remote`). `timeout_seconds`
    includes the download."""
    retrain_at_growth: float = 0.5
    """Share of files unknown to the stored `cnn` at which it is trained again."""
    audio_encoder: str = "statistics"
    """Encoder of the audio track: `statistics` (of log-mel bands), or one of a plug-in."""
    text: TextSection = TextSection()
    """Text of files without subtitles, by speech recognition (ASR) and screen text (OCR)."""

    @field_validator("audio_encoder")
    @classmethod
    def _not_removed(cls, name: str) -> str:
        if name == "network":
            raise ValueError(
                "the audio network was removed, because it was no better than the statistics; "
                'write audio_encoder = "statistics", or delete the line'
            )
        return name

    def plan(self, resolution: int) -> SamplingPlan:
        """The frames to sample for an encoder of this resolution."""
        return SamplingPlan(
            self.frames, resolution, self.crops, self.sampling, self.fps, self.exact_frames
        )


class FrameEncoder(Protocol):
    """Image encoder: frames -> vectors. One file per encoder, one line in `ENCODERS`.

    The registry names a factory: `provide(section: VideoSection, frames: TrainingFrames,
    context: Context) -> FrameEncoder`. Encoders with weights of their own ignore `frames`.
    """

    fingerprint: str
    """Changes whenever the same pixels would give another vector."""
    dimension: int
    resolution: int

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB -> (n, dimension) float32, finite."""
        ...


class FrameSource(Protocol):
    """Frames of the catalogue's files at one resolution, read from disk file by file."""

    @property
    def counts(self) -> Ints:
        """(n,) number of frames per file; 0 where none can be decoded."""
        ...

    def pixels(self, row: int) -> Bytes:
        """(counts[row] * crops, resolution, resolution, 3) uint8 RGB, crops of a frame together."""
        ...


class TrainingFrames(Protocol):
    """Training data for an encoder: the catalogue's own frames and texts."""

    @property
    def digests(self) -> Sequence[str]:
        """sha256 of each file, one per row."""
        ...

    @property
    def encoder_folder(self) -> Path:
        """Where trained encoders are stored for later builds."""
        ...

    def at(self, resolution: int) -> FrameSource:
        """All frames at a resolution; files not yet read at this resolution are read first."""
        ...

    def texts(self) -> Floats:
        """(n, d) unit rows: title, description and tags; zeros (or d = 0) without text."""
        ...


class AudioSource(Protocol):
    """Audio features of the catalogue's files, read from disk file by file."""

    jobs: list[ExtractionJob]

    def extraction(self, row: int) -> Extraction:
        """The extraction of a file, with `audio` (its statistics) and `has_audio`."""
        ...

    def mel_bands(self, row: int) -> Bytes:
        """(t, mel.BANDS) uint8, see `mel.dequantize_log_mel`."""
        ...


AudioEncoder = Callable[[int], Floats]
"""Row of a file -> its audio vector, of the same length for all files.

The registry `AUDIO_ENCODERS` names factories: `provide(section: VideoSection,
frames: TrainingFrames, audio: AudioSource, context: Context) -> AudioEncoder`."""


@dataclass(frozen=True)
class VideoFeatures:
    """Output of the stage: one row per video, in the catalogue's order."""

    table: pl.DataFrame
    """FEATURE_SCHEMA."""
    picture: Floats
    """(n, d) visual embeddings; zeros without frames."""
    has_picture: Bools
    audio: Floats
    """(n, s) audio embeddings; zeros without audio."""
    has_audio: Bools
    dialogue: pl.DataFrame
    """DIALOGUE_SCHEMA: subtitles, transcripts and screen text, by video and time."""
    info: Mapping[str, str]
    """Encoder, its fingerprint, counts, and a note for the user."""

    def save(self, directory: Path) -> None:
        self.table.write_parquet(directory / "table.parquet")
        self.dialogue.write_parquet(directory / "dialogue.parquet")
        arrays = {
            "picture": np.ascontiguousarray(self.picture),
            "has_picture": self.has_picture,
            "audio": np.ascontiguousarray(self.audio),
            "has_audio": self.has_audio,
        }
        save_file(arrays, directory / "vectors.safetensors")
        # Safetensors metadata has no fixed order, so the bytes of the file would vary.
        write_json(directory / "info.json", dict(self.info))

    @classmethod
    def load(cls, directory: Path) -> VideoFeatures:
        arrays: dict[str, Any] = read_arrays(directory / "vectors.safetensors")
        return cls(
            table=pl.read_parquet(directory / "table.parquet"),
            dialogue=pl.read_parquet(directory / "dialogue.parquet"),
            info=json.loads((directory / "info.json").read_text(encoding="utf-8")),
            **arrays,
        )

    def summary(self) -> dict[str, Any]:
        counts = dict(self.table["status"].value_counts().iter_rows())
        return {"status": counts, "dialogue_lines": self.dialogue.height, **self.info}
