"""Networks from scratch by size: an encoder (BERT) or a decoder (LLaMA)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from vireo.settings import Size


@dataclass(frozen=True)
class ModelSize:
    """How large a network is."""

    width: int
    layers: int
    heads: int
    words: int
    """Of the tokenizer."""


ENCODERS: dict[Size, ModelSize] = {
    "small": ModelSize(256, 4, 4, 8_192),
    "medium": ModelSize(384, 6, 12, 16_384),
    "large": ModelSize(768, 12, 12, 32_768),
}
DECODERS: dict[Size, ModelSize] = {
    "small": ModelSize(256, 4, 4, 4_096),
    "medium": ModelSize(512, 8, 8, 8_192),
    "large": ModelSize(768, 12, 12, 32_768),
}


def encoder(shape: ModelSize, words: int, positions: int, seed: int) -> Any:
    """A BERT (Devlin et al. 2019) of random weights."""
    from transformers import BertConfig, BertModel

    with _seeded(seed):
        return BertModel(
            BertConfig(
                vocab_size=words,
                hidden_size=shape.width,
                num_hidden_layers=shape.layers,
                num_attention_heads=shape.heads,
                intermediate_size=4 * shape.width,
                max_position_embeddings=positions,
                pad_token_id=0,
            ),
            add_pooling_layer=False,
        )


def decoder(shape: ModelSize, words: int, positions: int, end: int, seed: int) -> Any:
    """A LLaMA (Touvron et al. 2023) of random weights with tied embeddings."""
    from transformers import LlamaConfig, LlamaForCausalLM

    with _seeded(seed):
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=words,
                hidden_size=shape.width,
                num_hidden_layers=shape.layers,
                num_attention_heads=shape.heads,
                intermediate_size=64 * round(shape.width * 8 / 3 / 64),
                max_position_embeddings=positions,
                tie_word_embeddings=True,
                bos_token_id=end,
                eos_token_id=end,
                pad_token_id=None,
            )
        )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Use a separate random state that depends on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
