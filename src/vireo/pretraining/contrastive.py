"""contrastive: InfoNCE with two texts of a video as positives, in-batch negatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vireo.arrays import Ints
from vireo.language.chunks import padded
from vireo.language.torch_network import pooled
from vireo.pretraining.base import CannotTrain, Corpus, PretrainingSection
from vireo.pretraining.masked import network_of, special_of
from vireo.pretraining.objective import ObjectiveModel
from vireo.pretraining.token_chunks import TokenChunks, Tokens, pieces_of
from vireo.pretraining.training_setup import Setup, merged, planned, with_lora, write_model
from vireo.settings import Size

PIECE_TOKENS = 64
"""Tokens of one view; short views allow larger batches, hence more negatives."""
BATCH_PAIRS = 64
_METADATA = ("title", "description", "tags", "comment", "watched")
_FROZEN = {"small": 0.5, "medium": 0.0, "large": 0.0}
"""Share of a base's lower layers that is frozen, by size."""
_EPOCHS: Mapping[Size, int] = {"small": 2, "medium": 10, "large": 30}
_MAX_STEPS: Mapping[Size, int] = {"small": 60, "medium": 2_000, "large": 20_000}
_RATE, _SCRATCH_RATE = 5e-5, 1e-3
_HELDOUT_BATCHES = 4


@dataclass(frozen=True)
class Pairs:
    """Two views (token chunks) of each of n videos; row i of `one` matches row i of `other`."""

    one: tuple[Tokens, ...]
    other: tuple[Tokens, ...]


class ContrastiveModel(ObjectiveModel[Pairs]):
    """Encoder, masked mean, unit length, and the loss of van den Oord et al. (2018), both ways."""

    def __init__(self, encoder: Any, temperature: float) -> None:
        super().__init__()
        self.encoder = encoder
        self._temperature = temperature

    def forward(self, batch: Pairs) -> Tensor:
        one, other = self.embedded(batch.one), self.embedded(batch.other)  # (n, d)
        scores = one @ other.T / self._temperature  # (n, n)
        own = torch.arange(len(scores), device=scores.device)
        both = F.cross_entropy(scores, own, reduction="sum")
        return (both + F.cross_entropy(scores.T, own, reduction="sum")) / 2

    def terms(self, batch: Pairs) -> int:
        return len(batch.one)

    def embedded(self, pieces: Sequence[Tokens]) -> Tensor:
        """(n,) pieces -> (n, d) unit rows, pooled as the language model pools."""
        ids, there = padded(pieces)
        place = next(self.parameters()).device
        means = pooled(
            self.encoder, torch.from_numpy(ids).to(place), torch.from_numpy(there).to(place)
        )
        return F.normalize(means, dim=1)


class Views:
    """Token chunks by video; samples positive pairs."""

    def __init__(self, pieces: TokenChunks, together: Sequence[tuple[str, str]] = ()) -> None:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, video in enumerate(pieces.videos):
            rows[video].append(row)
        self.pieces = pieces
        self.of: Mapping[str, list[int]] = rows
        self.videos = [video for video, own in rows.items() if len(own) > 1]
        self._neighbors: dict[str, list[str]] = defaultdict(list)
        for a, b in together:
            if a in rows and b in rows:
                self._neighbors[a].append(b)
                self._neighbors[b].append(a)

    def drawn(self, videos: Sequence[str], random: np.random.Generator) -> Pairs:
        """One pair for each of these videos."""
        both = [self._two(video, random) for video in videos]
        return Pairs(tuple(self.pieces[a] for a, _ in both), tuple(self.pieces[b] for _, b in both))

    def _two(self, video: str, random: np.random.Generator) -> tuple[int, int]:
        """Row numbers of a positive pair.

        With co-watched videos, half of the pairs take a chunk of such a video. Of the others, half
        pair metadata with dialogue, where both exist; the rest are any two chunks.
        """
        own = self.of[video]
        near = self._neighbors.get(video)
        if near and random.random() < 0.5:
            other = self.of[near[int(random.integers(len(near)))]]
            return _one(own, random), _one(other, random)
        metadata = [row for row in own if self.pieces.kinds[row] in _METADATA]
        said = [row for row in own if self.pieces.kinds[row] not in _METADATA]
        if metadata and said and random.random() < 0.5:
            return _one(metadata, random), _one(said, random)
        a, b = random.choice(len(own), 2, replace=False)
        return own[int(a)], own[int(b)]


def _one(rows: Sequence[int], random: np.random.Generator) -> int:
    return rows[int(random.integers(len(rows)))]


def prepare(
    corpus: Corpus, section: PretrainingSection, base: Path | None, seed: int
) -> Setup[Pairs]:
    """Set up contrastive training; raises CannotTrain where too few videos have two texts."""
    network, tokenizer = network_of(corpus, section, base, PIECE_TOKENS, seed)
    special = special_of(tokenizer)
    views = Views(pieces_of(corpus.train, tokenizer, PIECE_TOKENS, special), corpus.together)
    unseen = Views(pieces_of(corpus.heldout, tokenizer, PIECE_TOKENS, special))
    if len(views.videos) < 2 or len(unseen.videos) < 2:
        raise CannotTrain("Too few videos have two texts that differ from those of others.")
    if base is not None and not section.lora_rank:
        _freeze(network, _FROZEN[section.size])
    learner = ContrastiveModel(with_lora(network, section.lora_rank), section.temperature)
    per_epoch = len(views.videos) // (BATCH_PAIRS * section.gradient_accumulation)
    rate = _SCRATCH_RATE if base is None else _RATE
    plan = planned(section, per_epoch, _EPOCHS, _MAX_STEPS, rate, seed)
    many = min(BATCH_PAIRS, len(views.videos))

    def draw(step: int) -> list[Pairs]:
        random = np.random.default_rng([seed, 3, step])
        return [
            views.drawn([views.videos[row] for row in rows], random)
            for rows in _rows(step, section.gradient_accumulation, many, len(views.videos), seed)
        ]

    heldout = _fixed(unseen, seed)
    return Setup(
        learner=learner,
        draw=draw,
        heldout=heldout,
        plan=plan,
        save=lambda path: write_model(merged(learner.encoder), tokenizer, base, path),
        about={
            "pieces": len(views.pieces),
            "videos": len(views.videos),
            "watched_together": len(corpus.together),
            "heldout_pairs": sum(len(pairs.one) for pairs in heldout),
            "unit": f"pair among {len(heldout[0].one)}",
        },
    )


def _freeze(network: Any, share: float) -> None:
    """Freeze the word embeddings and the lower `share` of the layers."""
    for parameter in network.get_input_embeddings().parameters():
        parameter.requires_grad_(False)
    if share:
        for parameter in getattr(network, "embeddings", network).parameters():
            parameter.requires_grad_(False)
    layers = getattr(getattr(network, "encoder", network), "layer", [])
    for layer in layers[: round(share * len(layers))]:
        for parameter in layer.parameters():
            parameter.requires_grad_(False)


def _rows(step: int, batches: int, size: int, videos: int, seed: int) -> list[Ints]:
    """Video numbers of each batch of a step; an epoch visits each video at most once."""
    per_epoch = videos // size
    chosen = []
    for number in range(step * batches, (step + 1) * batches):
        epoch, place = divmod(number, per_epoch)
        order = np.random.default_rng([seed, 1, epoch]).permutation(videos)
        chosen.append(order[place * size : (place + 1) * size])
    return chosen


def _fixed(views: Views, seed: int) -> tuple[Pairs, ...]:
    """Fixed held-out batches."""
    random = np.random.default_rng([seed, 4])
    order = random.permutation(len(views.videos))
    many = min(BATCH_PAIRS, len(order))
    batches = min(_HELDOUT_BATCHES, len(order) // many)
    return tuple(
        views.drawn([views.videos[row] for row in order[i * many : (i + 1) * many]], random)
        for i in range(batches)
    )
