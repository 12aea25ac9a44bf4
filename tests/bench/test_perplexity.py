"""The windows in which a causal model reads a text: every token is foreseen once."""

from __future__ import annotations

import pytest

from bench.perplexity import _windows
from vireo.pretraining.causal import BLOCK_TOKENS


@pytest.mark.parametrize("length", [2, 3, 100, 256, 257, 258, 384, 385, 386, 513, 1000, 1025])
def test_every_token_is_counted_once(length: int) -> None:
    counted: list[int] = []
    for ids, known in _windows(range(length)):
        assert len(ids) <= BLOCK_TOKENS + 1
        counted += ids[1:][known:]
        if known:  # at least half a window of context
            assert known >= BLOCK_TOKENS // 2
    assert counted == list(range(1, length))
