"""Precision of training: float32, or bfloat16 autocast on GPUs that support it."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from vireo.engine.distributed import device
from vireo.interest.base import SequenceSection


def autocast(settings: SequenceSection) -> AbstractContextManager[None]:
    """Matrix products inside are in bfloat16, if enabled; sums, norms and weights in float32."""
    return torch.autocast(device().type, torch.bfloat16, enabled=uses_bfloat16(settings))


def uses_bfloat16(settings: SequenceSection) -> bool:
    """On a CPU only if the settings say so: it is no faster there (docs/lab-log.md)."""
    if settings.precision != "auto":
        return settings.precision == "bfloat16"
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
