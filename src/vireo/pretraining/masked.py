"""masked: masked language modeling (BERT), from a base encoder or from scratch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.language.hf_directory import load_network, load_tokenizer
from vireo.pretraining.architectures import ENCODERS, encoder
from vireo.pretraining.base import CannotTrain, Corpus, PretrainingSection
from vireo.pretraining.masking import (
    PIECE_TOKENS,
    MaskedBatch,
    MaskVocabulary,
    batches_of,
    masked,
    schedule,
)
from vireo.pretraining.objective import ObjectiveModel
from vireo.pretraining.token_chunks import TokenChunks, pieces_of
from vireo.pretraining.tokenizer import trained_tokenizer
from vireo.pretraining.trainer import TrainingPlan
from vireo.pretraining.training_setup import Setup, merged, planned, with_lora, write_model
from vireo.settings import Size

_EPOCHS: Mapping[Size, int] = {"small": 1, "medium": 3, "large": 6}
_MAX_STEPS: Mapping[Size, int] = {"small": 40, "medium": 1000, "large": 10_000}
_RATE, _SCRATCH_RATE = 5e-5, 1e-3
_HELDOUT_PIECES = 64
_MASK_TOKENS = ("[MASK]", "<mask>")


class MaskedModel(ObjectiveModel[MaskedBatch]):
    """Encoder -> dense, GELU, LayerNorm -> scores of all words, tied to the word embeddings.

    The head works at hidden places alone: a seventh of the tokens, so a seventh of its cost.
    The word embeddings of a base are not trained: through the tied head every step would move all
    words, also those that the corpus does not hold, and their meanings with them.
    """

    def __init__(self, encoder: Any, generator: torch.Generator, train_words: bool = False) -> None:
        super().__init__()
        self.encoder = encoder
        words: Tensor = encoder.get_input_embeddings().weight
        words.requires_grad_(train_words)
        width = words.shape[1]
        self.dense = nn.Linear(encoder.config.hidden_size, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(words.shape[0]))
        with torch.no_grad():
            self.dense.weight.normal_(0.0, 0.02, generator=generator)
            self.dense.bias.zero_()

    def forward(self, batch: MaskedBatch) -> Tensor:
        """The sum of the cross-entropies of the hidden words, in nats."""
        return self.loss(self.states(batch), batch)

    def terms(self, batch: MaskedBatch) -> int:
        return len(batch.words)

    def states(self, batch: MaskedBatch) -> Tensor:
        """The encoder's output at the hidden places, (m, d)."""
        place = self.bias.device
        output = self.encoder(
            input_ids=torch.from_numpy(batch.ids).to(place),
            attention_mask=torch.from_numpy(batch.there).long().to(place),
        ).last_hidden_state  # (b, t, d)
        flat: Tensor = output.reshape(-1, output.shape[-1])
        return flat.index_select(0, torch.from_numpy(batch.places).to(place))

    def loss(self, states: Tensor, batch: MaskedBatch) -> Tensor:
        """Cross-entropy in nats, summed over the hidden words. states (m, d) -> scalar."""
        hidden = self.norm(F.gelu(self.dense(states)))
        words: Tensor = self.encoder.get_input_embeddings().weight
        scores = F.linear(hidden, words, self.bias)  # (m, vocabulary)
        truth = torch.from_numpy(batch.words).to(scores.device)
        return F.cross_entropy(scores.float(), truth, reduction="sum")

    def head(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters outside the encoder."""
        for name, parameter in self.named_parameters():
            if not name.startswith("encoder."):
                yield name, parameter


def prepare(
    corpus: Corpus, section: PretrainingSection, base: Path | None, seed: int
) -> Setup[MaskedBatch]:
    """Set up masked language modeling; raises CannotTrain where the tokenizer has no mask token."""
    network, tokenizer = network_of(corpus, section, base, PIECE_TOKENS, seed)
    words = _vocabulary(tokenizer)
    if words is None:
        raise CannotTrain("The language model has no mask token to be tuned by.")
    max_tokens = min(PIECE_TOKENS, getattr(network.config, "max_position_embeddings", PIECE_TOKENS))
    pieces = pieces_of(corpus.train, tokenizer, max_tokens, words.special)
    plan = _plan(section, pieces, base is None, seed)
    model = MaskedModel(
        with_lora(network, section.lora_rank),
        torch.Generator().manual_seed(seed),
        train_words=base is None,
    )
    many = section.gradient_accumulation
    order = schedule(pieces.lengths, (plan.head_steps + plan.steps) * many, seed)

    def draw(step: int) -> list[MaskedBatch]:
        random = np.random.default_rng([seed, 3, step])
        return [
            masked([pieces[row] for row in rows], section.mask_rate, words, random)
            for rows in order[step * many : (step + 1) * many]
        ]

    unseen = pieces_of(corpus.heldout, tokenizer, max_tokens, words.special)
    heldout = _fixed(unseen, section.mask_rate, words, seed)
    return Setup(
        learner=model,
        draw=draw,
        heldout=heldout,
        plan=plan,
        save=lambda path: write_model(merged(model.encoder), tokenizer, base, path),
        about={
            "pieces": len(pieces),
            "heldout_words": sum(len(batch.words) for batch in heldout),
            "unit": "masked word",
        },
    )


def network_of(
    corpus: Corpus, section: PretrainingSection, base: Path | None, positions: int, seed: int
) -> tuple[Any, Tokenizer]:
    """The encoder that is trained, and its tokenizer: the base's, or both from scratch."""
    if base is not None:
        network = load_network(base)
        for name, parameter in network.named_parameters():
            # not on the way to any loss: no gradient comes to it
            parameter.requires_grad_(not name.startswith("pooler."))
        return network, load_tokenizer(base)
    shape = ENCODERS[section.size]
    tokenizer = trained_tokenizer(corpus.train, section.vocabulary or shape.words, writes=False)
    return encoder(shape, tokenizer.get_vocab_size(), max(positions, 256), seed), tokenizer


def _plan(
    section: PretrainingSection, pieces: TokenChunks, from_scratch: bool, seed: int
) -> TrainingPlan:
    """Training plan; the new head of a base is fitted first."""
    lengths = pieces.lengths
    batches = len(batches_of(lengths, np.argsort(-lengths, kind="stable")))
    rate = _SCRATCH_RATE if from_scratch else _RATE
    plan = planned(
        section, batches // section.gradient_accumulation, _EPOCHS, _MAX_STEPS, rate, seed
    )
    return plan if from_scratch else replace(plan, head_steps=max(5, plan.steps // 2))


def _fixed(
    pieces: TokenChunks, share: float, words: MaskVocabulary, seed: int
) -> tuple[MaskedBatch, ...]:
    """Held-out batches with fixed masks."""
    random = np.random.default_rng([seed, 4])
    rows = np.sort(random.permutation(len(pieces))[:_HELDOUT_PIECES])
    chosen = sorted((pieces[row] for row in rows.tolist()), key=len, reverse=True)
    if not chosen:
        return ()
    lengths = np.array([len(piece) for piece in chosen])
    return tuple(
        masked([chosen[row] for row in batch], share, words, random)
        for batch in batches_of(lengths, np.arange(len(chosen)))
    )


def _vocabulary(tokenizer: Tokenizer) -> MaskVocabulary | None:
    for token in _MASK_TOKENS:
        number = tokenizer.token_to_id(token)
        if number is not None:
            return MaskVocabulary(number, tokenizer.get_vocab_size(), special_of(tokenizer))
    return None


def special_of(tokenizer: Tokenizer) -> frozenset[int]:
    """Ids of the special tokens."""
    return frozenset(
        i for i, added in tokenizer.get_added_tokens_decoder().items() if added.special
    )
