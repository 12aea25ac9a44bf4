"""Frame vectors -> what a transformer makes of them; it comes with the encoder that was trained."""

from __future__ import annotations

from vireo.arrays import Floats
from vireo.errors import InputError


def pool(vectors: Floats, times: Floats) -> Floats:
    """Always raises InputError: reached only where the encoder brought no transformer."""
    raise InputError(
        "The pooling 'transformer' is trained together with the encoder 'cnn'.",
        'Set video.encoder = "cnn", or take "transformer" out of video.pooling.',
    )
