"""Text embeddings: one per part of a video, and one fused unit vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vireo.arrays import Bools, Floats, unit_rows
from vireo.engine.progress import Progress
from vireo.language import PARTS, LanguageModel, VideoTexts

TOPICS = "topics"
"""The part that is known last: what a record says that the video is about. The fused vector leaves
it out: at weights of 0.15 to 0.6 related talks of TED were found less well the more it counted."""
WEIGHTS: Mapping[str, float] = {
    "title": 1.0,
    "description": 1.0,
    "tags": 0.7,
    "screen": 0.3,
    "dialogue": 0.7,
}
MIN_TO_CENTER = 50
_MIN_SPREAD = 0.05  # below it the texts are all but the same, and centring would show noise


@dataclass(frozen=True)
class TextVectors:
    """Embeddings of the catalogue by the language model, in its row order."""

    fused: Floats
    """(n, d) unit rows; zeros without text."""
    parts: Mapping[str, Floats]
    """Per part (n, d) unit rows as the model gave them; zeros where the part is missing."""
    has_text: Bools
    """(n,)"""
    center: Floats
    """(d,) the mean that was subtracted; zeros where it was not."""

    @property
    def centered(self) -> bool:
        return bool(self.center.any())

    @property
    def uncentered(self) -> Floats:
        """(n, d) unit rows, comparable with the language model's own vectors."""
        return _fuse(self.parts, *self.fused.shape)[0]


def vectors_of(texts: VideoTexts, model: LanguageModel, progress: Progress) -> TextVectors:
    """Embed all parts in one call (n texts each) and fuse them.

    The fused vector is the mean of the parts that are there, so a missing part shifts nothing.
    In a catalogue of 50 texts or more the mean of all videos is subtracted (Mu and Viswanath
    2018): what every text shares says nothing about one, and cosines spread out.
    """
    parts = _parts_of(texts, model, progress)
    fused, has_text = _fuse(parts, len(texts), model.dimension)
    center = _center(fused[has_text], model.dimension)
    if center.any():
        fused = np.where(has_text[:, None], fused - center, 0.0).astype(np.float32)
    return TextVectors(unit_rows(fused), parts, has_text, center)


def with_topics(
    vectors: TextVectors,
    topics: Sequence[tuple[str, ...]],
    model: LanguageModel,
    progress: Progress,
) -> TextVectors:
    """Vectors with one more part, the topics of each video; zeros for a video without topics."""
    embedded = model.embed([", ".join(own) for own in topics], progress)
    return replace(vectors, parts={**vectors.parts, TOPICS: embedded})


def fused_of(texts: VideoTexts, model: LanguageModel, progress: Progress) -> Floats:
    """The fused vectors before centring, for videos that came after the build. (n, d) unit rows"""
    return _fuse(_parts_of(texts, model, progress), len(texts), model.dimension)[0]


def _parts_of(texts: VideoTexts, model: LanguageModel, progress: Progress) -> dict[str, Floats]:
    """Part -> (n, d), all embedded in one call."""
    count = len(texts)
    every = model.embed([text for name in PARTS for text in texts.part(name)], progress)
    return {name: every[i * count : (i + 1) * count] for i, name in enumerate(PARTS)}


def _fuse(parts: Mapping[str, Floats], count: int, dimension: int) -> tuple[Floats, Bools]:
    """Weighted means of the present parts, as unit rows. -> (n, d), (n,)"""
    total = np.zeros((count, dimension), dtype=np.float32)
    for name, weight in WEIGHTS.items():
        total += weight * parts[name]
    # opposite parts cannot cancel out to nothing by chance, so zeros mean: no text
    has_text: Bools = np.abs(total).max(axis=1, initial=0.0) > 0
    return unit_rows(total), has_text


def _center(fused: Floats, dimension: int) -> Floats:
    if len(fused) < MIN_TO_CENTER:
        return np.zeros(dimension, dtype=np.float32)
    center = fused.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = float(np.linalg.norm(fused - center, axis=1).mean())
    return center if spread >= _MIN_SPREAD else np.zeros_like(center)
