"""How well held-out talks are foreseen, in bits a byte: a causal model and Kneser-Ney 5-grams.

Bits a byte do not depend on how a text is cut into tokens, so models with other tokens compare;
perplexity a word is the same figure for the mean length of a word. Kneser-Ney models are made of
the causal model's own tokens and of larger vocabularies trained on the same talks: the best of
them counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional as F

from bench.kneser_ney import KneserNey
from vireo.arrays import Doubles
from vireo.language.generate.hf_causal import load_causal
from vireo.language.hf_directory import load_tokenizer
from vireo.pretraining.base import Corpus
from vireo.pretraining.causal import BLOCK_TOKENS, end_of, stream_of
from vireo.pretraining.tokenizer import trained_tokenizer

LARGER = (8_192, 16_384, 32_768)
"""Vocabularies of the Kneser-Ney models beside the causal model's own."""
_WINDOWS = 16


def compared(corpus: Corpus, model: Path) -> dict[str, Any]:
    """Every model's bits a byte and perplexity a word on all held-out texts."""
    texts = [document.text for document in corpus.heldout]
    size = sum(len(text.encode()) for text in texts)
    words = sum(len(text.split()) for text in texts)
    tokenizer = load_tokenizer(model)
    rows = [_row("causal", tokenizer, _network_losses(model, tokenizer, texts), size, words)]
    for count in (tokenizer.get_vocab_size(), *LARGER):
        own = tokenizer
        if count != tokenizer.get_vocab_size():
            own = trained_tokenizer(corpus.train, count, writes=True)
        start = time.process_time()
        losses = _counted_losses(corpus, own, texts)
        row = _row("kneser-ney 5-gram", own, losses, size, words)
        rows.append(row | {"processor_seconds": round(time.process_time() - start, 1)})
        print(rows[-1], flush=True)
    best = min(row["bits_a_byte"] for row in rows[1:])
    return {
        "heldout": {"texts": len(texts), "bytes": size, "words": words},
        "rows": rows,
        "beats_kneser_ney": bool(rows[0]["bits_a_byte"] < best),
    }


def _row(name: str, tokenizer: Tokenizer, nats: float, size: int, words: int) -> dict[str, Any]:
    row = {
        "model": name,
        "vocabulary": tokenizer.get_vocab_size(),
        "bits_a_byte": round(nats / math.log(2) / size, 4),
        "perplexity_a_word": round(math.exp(nats / words), 2),
    }
    print(row, flush=True)
    return row


def _counted_losses(corpus: Corpus, tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Nats of all texts together; each ends in the token that ends a text."""
    end = end_of(tokenizer)
    model = KneserNey(
        np.asarray(stream_of(corpus.train, tokenizer, end), dtype=np.int64),
        tokenizer.get_vocab_size(),
    )
    return float(sum(model.loss([end, *ids, end])[1:].sum() for ids in _tokens(tokenizer, texts)))


def _network_losses(directory: Path, tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Nats of all texts together: windows of the trained length, each half new, half context."""
    network = load_causal(directory).eval()
    end, total = end_of(tokenizer), 0.0
    windows = [w for ids in _tokens(tokenizer, texts) for w in _windows([end, *ids, end])]
    windows.sort(key=lambda window: len(window[0]))
    for start in range(0, len(windows), _WINDOWS):
        total += float(_scored(network, windows[start : start + _WINDOWS]).sum())
    return total


def _windows(ids: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """(tokens, how many of their first predictions were counted in the window before)."""
    half = BLOCK_TOKENS // 2
    yield list(ids[: BLOCK_TOKENS + 1]), 0
    for start in range(half, len(ids) - half - 1, half):
        yield list(ids[start : start + BLOCK_TOKENS + 1]), half


def _scored(network: Any, windows: Sequence[tuple[list[int], int]]) -> Doubles:
    longest = max(len(ids) for ids, _ in windows)
    ids = torch.zeros(len(windows), longest, dtype=torch.long)
    counted = torch.zeros(len(windows), longest - 1)
    for row, (own, known) in enumerate(windows):
        ids[row, : len(own)] = torch.tensor(own)
        counted[row, known : len(own) - 1] = 1  # padding stands after what it could disturb
    with torch.inference_mode():
        scores = network(input_ids=ids[:, :-1], use_cache=False).logits
        losses = F.cross_entropy(scores.transpose(1, 2), ids[:, 1:], reduction="none")
    found: Doubles = (losses * counted).double().numpy()
    return found


def _tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [e.ids for e in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
