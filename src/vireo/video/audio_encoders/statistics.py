"""Audio encoder `statistics`: the log-mel statistics of the extraction (audio_features.py)."""

from __future__ import annotations

from vireo.arrays import Floats
from vireo.engine.base import Context
from vireo.video.base import AudioEncoder, AudioSource, TrainingFrames, VideoSection


def provide(
    section: VideoSection, frames: TrainingFrames, audio: AudioSource, context: Context
) -> AudioEncoder:
    """Needs no training."""

    def encode(row: int) -> Floats:
        return audio.extraction(row).audio

    return encode
