"""Sight: what is seen and heard in a video, moved to where its text would lie.

A sentence then finds pictures whose text says nothing of it. The map is ridge regression (Hoerl and
Kennard, 1970) from the principal components of pictures and sound to the text vectors of the same
videos, learnt on the catalogue's own texts: linear, closed, the same bytes every time. Of five
parts each is held out once: the map is taken only if it finds held-out pictures by their texts
better than chance, and counts as much as its guesses there agree with the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save_file
from scipy.linalg import eigh, solve

from vireo.arrays import Bools, Doubles, Floats, Ints, unit_rows
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.video.base import VideoFeatures

PICTURE, SOUND = 64, 16
"""Principal components that are kept of each."""
SOUND_WEIGHT = 0.5
"""Of a row of sound beside one of pictures."""
PENALTIES = (0.1, 1.0, 10.0, 100.0)
"""Ridges that are tried, in units of the mean variance of the features."""
FOLDS = 5
MIN_VIDEOS, MAX_VIDEOS = 20, 10_000
"""Videos with text and picture: fewer teach nothing, more are drawn from."""
MAX_HELD_OUT = 500
"""Candidate pictures of the retrieval test, at most."""
SURE = 2.0
"""Standard errors by which the search must beat chance."""
_ROWS, _ABOUT = "sight.safetensors", "sight.json"


@dataclass(frozen=True)
class CrossModalMap:
    """The features of the videos that have pictures or sound, and their map to text."""

    videos: Ints
    """(m,) rows in the catalogue, rising."""
    features: Floats
    """(m, k)"""
    picture_to_text: Floats
    """(k, d)"""
    weight: float = 0.0
    """How far its guesses agree with the texts of held-out videos (a correlation)."""
    report: Mapping[str, Any] = field(default_factory=dict)

    def scores(self, vector: Floats, n_videos: int) -> Floats:
        """(d,) a sentence -> (n,) how well each video looks and sounds like it, times `weight`.

        In standard deviations; 0 for videos without pictures and sound: they are at the mean.
        """
        own = self.features @ (self.picture_to_text @ vector)
        own = (own - own.mean()) / max(float(own.std()), 1e-9)
        scores = np.zeros(n_videos, dtype=np.float32)
        scores[self.videos] = self.weight * own
        return scores

    def save(self, directory: Path) -> None:
        arrays = {
            n: np.ascontiguousarray(getattr(self, n)) for n in ("features", "picture_to_text")
        }
        save_file({"videos": self.videos, **arrays}, directory / _ROWS)
        write_json(directory / _ABOUT, {"weight": self.weight, "report": dict(self.report)})

    @classmethod
    def load(cls, directory: Path) -> CrossModalMap | None:
        """The saved model; None if none was saved."""
        about = read_json(directory / _ABOUT)
        if about is None:
            return None
        return cls(**read_arrays(directory / _ROWS), weight=about["weight"], report=about["report"])


class MapValidation(NamedTuple):
    """Retrieval figures of a map on held-out videos."""

    found: float
    """Mean reciprocal rank of a picture that is looked for by its own text."""
    chance: float
    beyond: float
    """Standard errors between the two."""
    agreement: float
    """Mean correlation of predicted and true similarity to a text."""

    def report(self, videos: int) -> dict[str, Any]:
        figures = {name: round(value, 4) for name, value in self._asdict().items()}
        return {"videos": videos, **figures}


def learn(
    video: VideoFeatures, text: Floats, seed: int
) -> tuple[CrossModalMap | None, dict[str, Any]]:
    """The map, or None where there is too little to learn or it failed; and why, in figures.

    `text` is (n, d): text vectors, zeros where a video has no text.
    """
    seen = np.flatnonzero(video.has_picture | video.has_audio)
    described = text[seen].any(axis=1)
    if described.sum() < MIN_VIDEOS:
        return None, {
            "videos": int(described.sum()),
            "why": f"fewer than {MIN_VIDEOS} have text and file",
        }
    features = features_of(video, seen)
    chosen = np.flatnonzero(described)
    if len(chosen) > MAX_VIDEOS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, MAX_VIDEOS, replace=False))
    x, y = features[chosen].astype(np.float64), _aimed(text[seen][chosen])
    checks = {penalty: checked(x, y, penalty, seed) for penalty in PENALTIES}
    best = max(checks, key=lambda penalty: checks[penalty].found)
    report = {**checks[best].report(len(chosen)), "penalty": best}
    if checks[best].beyond < SURE or checks[best].agreement <= 0:
        return None, {**report, "why": "no better than chance on held-out videos"}
    towards = fitted(x, y, best).astype(np.float32)
    return CrossModalMap(seen, features, towards, round(checks[best].agreement, 4), report), report


def features_of(video: VideoFeatures, rows: Ints) -> Floats:
    """(n,) rows -> (n, k): pictures and sound apart, each of length 1; missing ones zeros."""
    picture = _block(video.picture[rows], video.has_picture[rows], PICTURE)
    sound = _block(video.audio[rows], video.has_audio[rows], SOUND)
    return np.hstack([picture, SOUND_WEIGHT * sound]).astype(np.float32)


def checked(x: Doubles, y: Doubles, penalty: float, seed: int) -> MapValidation:
    """Each fifth of the videos is looked for by its texts with a map learnt on the others."""
    fold = np.random.default_rng(seed).permutation(len(x)) % FOLDS
    ranks, chances, agreements = list[float](), list[float](), list[float]()
    for held in range(FOLDS):
        out = np.flatnonzero(fold == held)[:MAX_HELD_OUT]
        learnt = fold != held
        guessed = unit(x[out] @ fitted(x[learnt], y[learnt], penalty))
        similarity, truth = y[out] @ guessed.T, y[out] @ y[out].T  # (text, picture)
        ranks += (1 / (1 + (similarity > similarity.diagonal()[:, None]).sum(axis=1))).tolist()
        chances.append(float((1 / np.arange(1, len(out) + 1)).mean()))
        agreements += _agreements(similarity, truth)
    found = np.array(ranks)
    chance = float(np.mean(chances))
    error = float(found.std()) / np.sqrt(len(found)) + 1e-9
    beyond = (float(found.mean()) - chance) / error
    return MapValidation(float(found.mean()), chance, beyond, float(np.mean(agreements)))


def fitted(x: Doubles, y: Doubles, penalty: float) -> Doubles:
    """(n, k), (n, d) -> (k, d): what the features say of the text beyond its mean."""
    gram = x.T @ x
    ridge = penalty * max(float(np.trace(gram)) / len(gram), 1e-12)
    right = x.T @ (y - y.mean(axis=0))
    return np.asarray(solve(gram + ridge * np.eye(len(gram)), right, assume_a="pos"))


def unit(rows: Doubles) -> Doubles:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _agreements(similarity: Doubles, truth: Doubles) -> list[float]:
    """Row by row, without the text's own video: that one is found by the ranks."""
    others = ~np.eye(len(truth), dtype=np.bool_)
    pairs = zip(similarity, truth, others, strict=True)
    rows = [(a[keep], b[keep]) for a, b, keep in pairs if keep.sum() > 2]
    return [float(np.corrcoef(a, b)[0, 1]) for a, b in rows if a.std() > 0 and b.std() > 0] or [0.0]


def _aimed(text: Floats) -> Doubles:
    """Unit rows less their mean: what all texts share is no content."""
    wide = text.astype(np.float64)
    return unit(wide - wide.mean(axis=0))


def _block(vectors: Floats, present: Bools, most: int) -> Floats:
    """The principal components that hold the most variance, each row of length 1. (n, k)"""
    if not present.any() or not vectors.shape[1]:
        return np.zeros((len(vectors), 0), np.float32)
    mean = vectors[present].astype(np.float64).mean(axis=0)
    centered = np.where(present[:, None], vectors - mean, 0.0)
    axes = _axes(centered[present], most)
    return unit_rows((centered @ axes).astype(np.float32))


def _axes(centered: Doubles, most: int) -> Doubles:
    """(n, d) -> (d, k) the strongest directions, each with a fixed sign; from the smaller side."""
    some = centered[:: -(-len(centered) // MAX_VIDEOS)]
    wide = some.shape[1] > len(some)
    square = some @ some.T if wide else some.T @ some
    count = min(most, len(square))
    strengths, axes = eigh(square, subset_by_index=(len(square) - count, len(square) - 1))
    axes = axes[:, strengths > 1e-9 * max(float(strengths[-1]), 1e-30)][:, ::-1]
    axes = some.T @ axes if wide else axes
    axes = axes / np.maximum(np.linalg.norm(axes, axis=0), 1e-12)
    strongest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.where(strongest < 0, -1.0, 1.0))
