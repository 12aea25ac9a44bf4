"""Text, picture and sound vectors -> one content space in which inner products are similarities."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from vireo.arrays import Bools, Doubles, Floats, unit_rows
from vireo.errors import StageFailed
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures

TEXT, PICTURE, SOUND = 1.0, 0.5, 0.25
"""How much each block counts in the cosine of two videos that have all three."""
MAX_PICTURE = 128
"""Picture vectors with more dimensions are reduced to their principal components."""


def content_space(understanding: Understanding, video: VideoFeatures) -> tuple[Floats, Bools]:
    """(n, d) rows of length 1 in the catalogue's order, and (n,) which rows say anything.

    Every block is centred over the videos that have it (raw embeddings share a large mean that
    makes all vectors similar), scaled to length 1 and by the root of its weight, and joined. A
    missing block is zeros: it shifts nothing, and the other blocks carry the video.
    """
    if len(understanding.vectors) != len(video.picture):
        raise StageFailed(
            f"There are {len(understanding.vectors)} text vectors but {len(video.picture)} picture "
            "vectors: the stages were built from different catalogues.",
            "Type: vireo build",
        )
    blocks = [
        _block(understanding.vectors, understanding.has_text, TEXT),
        _block(_reduced(video.picture, video.has_picture), video.has_picture, PICTURE),
        _block(video.audio, video.has_audio, SOUND),
    ]
    content = unit_rows(np.hstack(blocks).astype(np.float32))
    return content, np.asarray(content.any(axis=1))


def new_item_rows(understanding: Understanding, vectors: Floats, dimension: int) -> Floats:
    """Text vectors of videos that came after the build -> their rows. (m, d') -> (m, d)

    They have text alone, centred like all texts; a row of zeros has no similarity to others.
    """
    rows = np.zeros((len(vectors), dimension), dtype=np.float32)
    present = understanding.has_text
    mean = understanding.vectors[present].astype(np.float64).mean(axis=0) if present.any() else 0.0
    said = np.asarray(vectors.any(axis=1))
    centred = np.where(said[:, None], vectors - (mean if present.sum() > 1 else 0.0), 0.0)
    rows[:, : vectors.shape[1]] = unit_rows(centred.astype(np.float32))
    return rows


def _centred(vectors: Floats, present: Bools) -> Doubles:
    """Minus the mean of the rows that are present; zeros elsewhere. A single row is kept."""
    wide: Doubles = vectors.astype(np.float64)
    if present.sum() > 1:
        wide = wide - wide[present].mean(axis=0)
    return np.asarray(wide * present[:, None])


def _block(vectors: Floats, present: Bools, weight: float) -> Doubles:
    centred = _centred(vectors, present)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    # what is left of equal rows after centring is rounding, not a direction
    floor = 1e-6 * max(float(np.abs(vectors).max(initial=0.0)), 1e-30)
    said = lengths > floor
    unit = np.where(said, centred / np.where(said, lengths, 1.0), 0.0)
    return np.asarray(np.sqrt(weight) * unit)


def _reduced(vectors: Floats, present: Bools) -> Floats:
    """The principal components that hold the most variance, with a fixed sign. (n, d) -> (n, k)"""
    dimension = vectors.shape[1]
    if dimension <= MAX_PICTURE or present.sum() <= MAX_PICTURE:
        return vectors
    centred = _centred(vectors, present)
    last = (dimension - MAX_PICTURE, dimension - 1)
    _, axes = eigh(centred.T @ centred, subset_by_index=last)
    axes = axes[:, ::-1]
    strongest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(centred @ (axes * np.sign(strongest)), dtype=np.float32)
