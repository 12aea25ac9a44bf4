"""The network of masked-word training: the encoder, and a fresh head over its vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.pretraining.masking import MaskedBatch
from vireo.pretraining.objective import ObjectiveModel


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
