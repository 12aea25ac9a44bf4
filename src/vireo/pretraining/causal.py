"""causal: language modeling of an LLM (GPT), from scratch or from a base model."""

from __future__ import annotations

import array
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from vireo.arrays import Ints
from vireo.language.generate.hf_causal import load_causal
from vireo.language.hf_directory import load_tokenizer
from vireo.pretraining.architectures import DECODERS, decoder
from vireo.pretraining.base import CannotTrain, Corpus, Document, PretrainingSection
from vireo.pretraining.objective import ObjectiveModel
from vireo.pretraining.token_chunks import Tokens, mapped, tokenised
from vireo.pretraining.tokenizer import END, trained_tokenizer
from vireo.pretraining.trainer import TrainingPlan
from vireo.pretraining.training_setup import Setup, merged, planned, with_lora, write_model
from vireo.settings import Size

BLOCK_TOKENS = 256
BATCH_BLOCKS = 8
_EPOCHS: Mapping[Size, int] = {"small": 1, "medium": 3, "large": 6}
_MAX_STEPS: Mapping[Size, int] = {"small": 4_000, "medium": 20_000, "large": 200_000}
_RATES = {"small": 3e-3, "medium": 1e-3, "large": 5e-4}
_BASE_RATE = 5e-5
_HELDOUT_BATCHES = 8
_ENDS = (END, "<|endoftext|>", "</s>", "<|end_of_text|>", "[SEP]")


@dataclass(frozen=True)
class TokenBlocks:
    """ids (b, t + 1) int64: inputs [:, :-1], targets [:, 1:]."""

    ids: Ints


class CausalModel(ObjectiveModel[TokenBlocks]):
    """A decoder with next-token cross-entropy."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: TokenBlocks) -> Tensor:
        ids = torch.from_numpy(batch.ids).to(next(self.parameters()).device)
        scores = self.network(input_ids=ids[:, :-1], use_cache=False).logits  # (b, t, vocabulary)
        flat = scores.reshape(-1, scores.shape[-1]).float()
        return F.cross_entropy(flat, ids[:, 1:].reshape(-1), reduction="sum")

    def terms(self, batch: TokenBlocks) -> int:
        return batch.ids[:, 1:].size


def prepare(
    corpus: Corpus, section: PretrainingSection, base: Path | None, seed: int
) -> Setup[TokenBlocks]:
    """Set up causal language modeling; raises CannotTrain where the corpus fills no batch."""
    if base is None:
        shape = DECODERS[section.size]
        tokenizer = trained_tokenizer(corpus.train, section.vocabulary or shape.words, writes=True)
        words = tokenizer.get_vocab_size()
        network = decoder(shape, words, 4 * BLOCK_TOKENS, end_of(tokenizer), seed)
    else:
        network, tokenizer = load_causal(base), load_tokenizer(base)
    end = end_of(tokenizer)
    block = min(BLOCK_TOKENS, getattr(network.config, "max_position_embeddings", BLOCK_TOKENS))
    stream = stream_of(corpus.train, tokenizer, end)
    blocks = (len(stream) - 1) // block
    if blocks < BATCH_BLOCKS:
        raise CannotTrain(
            f"The corpus has {len(stream)} tokens; {BATCH_BLOCKS * block} are the least for one "
            "batch of a causal LLM."
        )
    plan = _plan(section, blocks, base is None, seed)
    learner = CausalModel(with_lora(network, section.lora_rank))
    many = BATCH_BLOCKS * section.gradient_accumulation

    def draw(step: int) -> list[TokenBlocks]:
        rows = _rows(step * many, many, blocks, seed)
        return [
            TokenBlocks(_cut(stream, rows[i : i + BATCH_BLOCKS], block))
            for i in range(0, many, BATCH_BLOCKS)
        ]

    unseen = stream_of(corpus.heldout, tokenizer, end)
    return Setup(
        learner=learner,
        draw=draw,
        heldout=_heldout(unseen, block),
        plan=plan,
        save=lambda path: write_model(merged(learner.network), tokenizer, base, path),
        about={"tokens": len(stream), "heldout_tokens": len(unseen), "unit": "token"},
        writes=True,
    )


def stream_of(documents: Iterable[Document], tokenizer: Tokenizer, end: int) -> Tokens:
    """(t,) int32: all documents, each followed by `end`; memory-mapped."""
    count = 0
    with tempfile.TemporaryFile() as file:
        for _, ids in tokenised(documents, tokenizer):
            array.array("i", [*ids, end]).tofile(file)
            count += len(ids) + 1
        return mapped(file, count)


def end_of(tokenizer: Tokenizer) -> int:
    """The token between two documents; raises CannotTrain where the tokenizer has none."""
    for name in _ENDS:
        if (number := tokenizer.token_to_id(name)) is not None:
            return int(number)
    raise CannotTrain("The base's tokenizer has no token that ends a text.")


def _rows(first: int, many: int, blocks: int, seed: int) -> Ints:
    """Block numbers at positions first .. first + many; each epoch is a new permutation."""
    places = np.arange(first, first + many)
    rows = np.empty(many, dtype=np.int64)
    for epoch in np.unique(places // blocks):
        here = places // blocks == epoch
        order = np.random.default_rng([seed, 1, int(epoch)]).permutation(blocks)
        rows[here] = order[places[here] % blocks]
    return rows


def _cut(stream: Tokens, rows: Ints, block: int) -> Ints:
    """(b,) block numbers -> (b, block + 1): neighbors share the token at their border."""
    return np.stack([stream[row * block : (row + 1) * block + 1] for row in rows]).astype(np.int64)


def _heldout(stream: Tokens, block: int) -> tuple[TokenBlocks, ...]:
    """Evenly spaced blocks of the held-out stream; the whole stream if shorter than a block."""
    blocks = (len(stream) - 1) // block
    if blocks < 1:
        return (
            (TokenBlocks(np.asarray(stream, dtype=np.int64)[None, :]),) if len(stream) > 1 else ()
        )
    count = min(blocks, _HELDOUT_BATCHES * BATCH_BLOCKS)
    rows = np.linspace(0, blocks - 1, count).round().astype(np.int64)
    return tuple(
        TokenBlocks(_cut(stream, rows[i : i + BATCH_BLOCKS], block))
        for i in range(0, count, BATCH_BLOCKS)
    )


def _plan(section: PretrainingSection, blocks: int, from_scratch: bool, seed: int) -> TrainingPlan:
    rate = _RATES[section.size] if from_scratch else _BASE_RATE
    per_epoch = blocks // (BATCH_BLOCKS * section.gradient_accumulation)
    return replace(
        planned(section, per_epoch, _EPOCHS, _MAX_STEPS, rate, seed),
        save_every=100,
        decay=0.1 if from_scratch else 0.01,
        betas=(0.9, 0.95),
    )
