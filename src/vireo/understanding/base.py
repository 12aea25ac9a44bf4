"""The nouns of the understanding room: VideoRecord and Understanding."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field
from safetensors import safe_open
from safetensors.numpy import save_file

from vireo.arrays import Bools, Floats, Ints, unit_rows
from vireo.artifacts.files import write_json
from vireo.settings import Section


class UnderstandingSection(Section):
    """`[understanding]`: what is understood of each video."""

    summary_sentences: int = Field(default=2, ge=0)
    """Sentences in a record's summary, taken from the video's own text."""
    key_phrases: int = Field(default=5, ge=0)
    """Key phrases per record."""
    topics: int = Field(default=0, ge=0)
    """Number of topics in the catalogue; 0 chooses it from the number of videos."""


@dataclass(frozen=True)
class VideoRecord:
    """What is known of one video, in words that its own text contains."""

    video_id: str
    title: str
    summary: tuple[str, ...]
    key_phrases: tuple[str, ...]
    topics: tuple[str, ...]
    sources: tuple[str, ...]
    """Which texts it was made from: title, description, tags, dialogue."""
    author: str = "extractive"
    """What wrote it."""


@dataclass(frozen=True)
class Understanding:
    """A vector, a topic and a record per video, in the catalogue's order."""

    vectors: Floats
    """(n, d) unit rows: the fused text vector; zeros where a video has no text."""
    has_text: Bools
    """(n,)"""
    topic_of: Ints
    """(n,) row in `topics`, -1 for no topic."""
    topics: tuple[str, ...]
    """A few words that name each topic."""
    records: tuple[VideoRecord, ...]
    parts: Mapping[str, Floats] = field(default_factory=dict)
    """Per-part vectors (title, description, tags, dialogue), each (n, d)."""
    info: Mapping[str, Any] = field(default_factory=dict)
    """Which language model was taken (base or tuned), whether vectors are centred, a sentence."""
    centre: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(d,) what was subtracted from the fused vectors; zeros where they are not centred."""

    def project(self, vectors: Floats) -> Floats:
        """The language model's vectors of queries, moved into the space of `vectors`.

        (m, d) -> (m, d) unit rows; the rows of empty texts stay zeros.
        """
        if not self.centre.any():
            return vectors
        asked = vectors.any(axis=1, keepdims=True)
        return unit_rows(np.where(asked, vectors - self.centre, 0.0).astype(np.float32))

    @cached_property
    def text_share(self) -> float:
        """Share of the videos that have any text."""
        return float(self.has_text.mean()) if len(self.has_text) else 0.0

    def save(self, directory: Path) -> None:
        arrays = {
            "vectors": np.ascontiguousarray(self.vectors),
            "has_text": self.has_text,
            "topic_of": self.topic_of,
            "centre": self.centre,
            **{f"part.{name}": np.ascontiguousarray(value) for name, value in self.parts.items()},
        }
        save_file(arrays, directory / "vectors.safetensors")
        about = {"topics": list(self.topics), "info": dict(self.info)}
        write_json(directory / "about.json", about)
        with (directory / "records.jsonl").open("w", encoding="utf-8") as file:
            for record in self.records:
                file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, directory: Path, parts: tuple[str, ...] = ()) -> Understanding:
        """`parts` = ("vectors",) leaves out the vectors of single parts, which lists never read."""
        with safe_open(directory / "vectors.safetensors", "np") as file:
            names = file.offset_keys()
            wanted = [k for k in names if not parts or not k.startswith("part.")]
            arrays = {name: file.get_tensor(name) for name in wanted}
        about = json.loads((directory / "about.json").read_text(encoding="utf-8"))
        with (directory / "records.jsonl").open(encoding="utf-8") as file:
            records = tuple(_record(json.loads(line)) for line in file)
        single = {k.removeprefix("part."): v for k, v in arrays.items() if k.startswith("part.")}
        return cls(
            vectors=arrays["vectors"],
            has_text=arrays["has_text"],
            topic_of=arrays["topic_of"],
            topics=tuple(about["topics"]),
            records=records,
            parts=single,
            info=about["info"],
            centre=arrays["centre"],
        )

    def summary(self) -> dict[str, Any]:
        return {"topics": len(self.topics), "with_text": int(self.has_text.sum()), **self.info}


def _record(fields: dict[str, Any]) -> VideoRecord:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    return VideoRecord(**values)
