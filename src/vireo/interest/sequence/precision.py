"""Which numbers the network learns with: half the bits on a card that has units for them."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from vireo.engine.distributed import device
from vireo.interest.base import SequenceSection


def in_half(settings: SequenceSection) -> AbstractContextManager[None]:
    """Matrix products inside are in bfloat16, if they are to be; sums, norms and weights stay as
    they are."""
    return torch.autocast(device().type, torch.bfloat16, enabled=is_half(settings))


def is_half(settings: SequenceSection) -> bool:
    """On the processor bfloat16 must be asked for: it won nothing there (docs/lab-log.md)."""
    if settings.precision != "auto":
        return settings.precision == "bfloat16"
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
