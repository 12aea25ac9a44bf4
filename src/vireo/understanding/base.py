"""VideoRecord and Understanding: the output of video content understanding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from safetensors.numpy import save_file

from vireo.arrays import Bools, Floats, Ints, unit_rows
from vireo.artifacts.files import write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.language import VideoTexts
from vireo.settings import Section
from vireo.understanding.custom_topics import DEFAULT_FILE
from vireo.understanding.evidence import Evidence
from vireo.understanding.lsa import LsaModel, joined, term_counts


class UnderstandingSection(Section):
    """`[understanding]`: what is understood of each video."""

    # what the file says is part of the recipe, not where it lies
    outside_recipe: ClassVar[frozenset[str]] = frozenset({"topic_file"})

    summary_sentences: int = Field(default=2, ge=0)
    """Sentences in a record's summary, taken from the video's own text."""
    key_phrases: int = Field(default=5, ge=0)
    """Key phrases per record."""
    phrase_diversity: float = Field(default=0.3, ge=0, le=1)
    """How much a key phrase that resembles those before it is passed over; with 0 the language \
model reads no phrases, which is quicker."""
    topics: int = Field(default=0, ge=0)
    """Number of topics that are discovered; 0 chooses it from the number of videos."""
    topic_file: str = DEFAULT_FILE
    """Your own list of topics instead, in the workspace or elsewhere: one a line, `name` or \
`name: word, phrase`. Without that file topics are discovered."""
    lexical_weight: float = Field(default=3.0, ge=0)
    """How much the words of a long text count beside what its sentences mean; 0 for not at all."""


@dataclass(frozen=True)
class VideoRecord:
    """Description of one video in words of its own text."""

    video_id: str
    title: str
    summary: tuple[str, ...]
    key_phrases: tuple[str, ...]
    topics: tuple[str, ...]
    sources: tuple[str, ...]
    """Which texts it was made from: title, description, tags, screen, dialogue."""
    evidence: tuple[Evidence, ...] = ()
    """Quotes for topics, entities, mood, audience and format, with their time span if the
    dialogue has times."""
    language: str = ""
    """ISO 639-1, by script or by an LLM; empty if unclear."""
    entities: tuple[str, ...] = ()
    mood: str = ""
    audience: str = ""
    format: str = ""
    """These four by text patterns, each with a quote, or by an LLM; else empty."""
    source_model: str = "extractive"
    """Author of the record: `extractive`, or the name of an LLM."""
    reason: str = ""
    """Why the configured model did not write it, or what of its words was left out."""


@dataclass(frozen=True)
class Understanding:
    """A vector, a topic and a record per video, in the catalogue's order."""

    vectors: Floats
    """(n, d) unit rows: what its sentences mean and, in catalogues of 200 videos or more, which
    words it uses; zeros where a video has no text."""
    has_text: Bools
    """(n,)"""
    topic_of: Ints
    """(n,) row in `topics`, -1 for no topic."""
    topics: tuple[str, ...]
    """A few words that name each topic."""
    records: tuple[VideoRecord, ...]
    parts: Mapping[str, Floats] = field(default_factory=dict)
    """Per-part vectors (title, description, tags, screen, dialogue, topics), each (n, d)."""
    info: Mapping[str, Any] = field(default_factory=dict)
    """Which language model was taken (base or tuned), whether vectors are centered, a sentence."""
    center: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(d',) what was subtracted from the language model's vectors; zeros if nothing was."""
    lsa: LsaModel | None = None
    """Which words go together in this catalogue; None where it is too small."""
    lexical_weight: float = 0.0
    """Of the lexicon's rows against the language model's."""

    def project(self, vectors: Floats, texts: VideoTexts) -> Floats:
        """The language model's vectors of other texts, moved into the space of `vectors`.

        (m, d') and m texts -> (m, d) unit rows; the rows of empty texts stay zeros.
        """
        if self.center.any():
            said = vectors.any(axis=1, keepdims=True)
            vectors = unit_rows(np.where(said, vectors - self.center, 0.0).astype(np.float32))
        if self.lsa is None:
            return vectors
        return joined(vectors, self.lsa.rows(term_counts(texts)), self.lexical_weight)

    @cached_property
    def text_share(self) -> float:
        """Share of the videos that have any text."""
        return float(self.has_text.mean()) if len(self.has_text) else 0.0

    def save(self, directory: Path) -> None:
        arrays = {
            "vectors": np.ascontiguousarray(self.vectors),
            "has_text": self.has_text,
            "topic_of": self.topic_of,
            "center": self.center,
            **{f"part.{name}": np.ascontiguousarray(value) for name, value in self.parts.items()},
            **_arrays_of(self.lsa),
        }
        save_file(arrays, directory / "vectors.safetensors")
        about = {
            "topics": list(self.topics),
            "info": dict(self.info),
            "lexical_weight": self.lexical_weight,
            "words": list(self.lsa.words) if self.lsa else [],
        }
        write_json(directory / "about.json", about)
        with (directory / "records.jsonl").open("w", encoding="utf-8") as file:
            for record in self.records:
                file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, directory: Path, parts: tuple[str, ...] = ()) -> Understanding:
        """`parts` = ("vectors",) leaves out the vectors of single parts, which lists never read."""
        arrays = read_arrays(
            directory / "vectors.safetensors", lambda k: not parts or not k.startswith("part.")
        )
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
            center=arrays["center"],
            lsa=_lexicon(arrays, about["words"]),
            lexical_weight=about["lexical_weight"],
        )

    def summary(self) -> dict[str, Any]:
        sizes = Counter(self.topic_of[self.topic_of >= 0].tolist())
        named = {name: sizes[number] for number, name in enumerate(self.topics)}
        return {
            "topics": len(self.topics),
            "with_text": int(self.has_text.sum()),
            **self.info,
            "videos_by_topic": named,
        }


def _arrays_of(lexicon: LsaModel | None) -> dict[str, Floats]:
    if lexicon is None:
        return {}
    found = {"rarity": lexicon.rarity, "axes": lexicon.axes, "center": lexicon.center}
    return {f"lexicon.{name}": np.ascontiguousarray(value) for name, value in found.items()}


def _lexicon(arrays: Mapping[str, Any], words: list[str]) -> LsaModel | None:
    if not words:
        return None
    rarity, axes, center = (arrays[f"lexicon.{name}"] for name in ("rarity", "axes", "center"))
    return LsaModel(tuple(words), rarity, axes, center)


def _record(fields: dict[str, Any]) -> VideoRecord:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    values["evidence"] = tuple(Evidence(**support) for support in values["evidence"])
    return VideoRecord(**values)
