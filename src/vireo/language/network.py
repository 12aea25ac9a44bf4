"""Network: tokens in, one vector per text out; on torch or on ONNX Runtime."""

from __future__ import annotations

from typing import Protocol

from vireo.arrays import Bools, Floats, Ints


class TextNetwork(Protocol):
    """A text encoder that is ready to run."""

    def __call__(self, ids: Ints, mask: Bools) -> Floats:
        """ids, mask (b, t) -> (b, d) means over the tokens that are there, of any length."""
        ...
