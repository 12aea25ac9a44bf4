"""Budget: limits of tokens and cost for one build, checked before each request."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from vireo.language.generate.base import GenerationSection
from vireo.language.hf_directory import load_tokenizer
from vireo.language.minilm import package_directory

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MILLION = 1_000_000


class Budget:
    """Reserved before a request and settled after it, so that parallel requests cannot overdraw."""

    def __init__(self, section: GenerationSection) -> None:
        self._section = section
        self._lock = threading.Lock()
        self.tokens_in = 0
        self.tokens_out = 0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """In the unit of the configured prices."""
        prices = self._section.input_price, self._section.output_price
        return (tokens_in * prices[0] + tokens_out * prices[1]) / MILLION

    def reserve(self, tokens_in: int, tokens_out: int) -> str:
        """Set this much aside; returns why that cannot be, or the empty string."""
        section = self._section
        with self._lock:
            sent, written = self.tokens_in + tokens_in, self.tokens_out + tokens_out
            if section.max_total_tokens and sent + written > section.max_total_tokens:
                return f"the budget of {section.max_total_tokens} tokens is used up"
            if section.max_cost and self.cost(sent, written) > section.max_cost:
                return f"the budget of {section.max_cost:g} is used up"
            self.tokens_in, self.tokens_out = sent, written
        return ""

    def settle(self, reserved: tuple[int, int], used: tuple[int, int]) -> None:
        """Give back what a request did not use."""
        with self._lock:
            self.tokens_in += used[0] - reserved[0]
            self.tokens_out += used[1] - reserved[1]


@cache
def _tokenizer() -> Tokenizer:
    return load_tokenizer(package_directory())


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens per text by MiniLM's tokenizer: an estimate for other models."""
    encodings = _tokenizer().encode_batch(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in encodings]
