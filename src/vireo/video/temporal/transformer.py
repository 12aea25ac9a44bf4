"""Temporal pooling `transformer`: provided by the encoder `cnn`, which trains it."""

from __future__ import annotations

from vireo.arrays import Floats
from vireo.errors import InputError


def pool(vectors: Floats, times: Floats) -> Floats:
    """Raises InputError: called only where the encoder provides no transformer."""
    raise InputError(
        "The pooling 'transformer' is trained together with the encoder 'cnn'.",
        'Set video.encoder = "cnn", or take "transformer" out of video.pooling.',
    )
