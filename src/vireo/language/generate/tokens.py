"""How many tokens a text has, about: counted by the embedded model's tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from vireo.language.hf_directory import load_tokenizer
from vireo.language.minilm import package_directory

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@cache
def _tokenizer() -> Tokenizer:
    return load_tokenizer(package_directory())


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens per text. An estimate: other models cut words otherwise."""
    found = _tokenizer().encode_batch(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in found]
