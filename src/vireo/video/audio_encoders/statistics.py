"""The sound as its log-mel statistics (see sound.py): taken when the file was read."""

from __future__ import annotations

from vireo.arrays import Floats
from vireo.engine.base import Context
from vireo.video.base import AudioEncoder, AudioSource, TrainingFrames, VideoSection


def provide(
    section: VideoSection, footage: TrainingFrames, sounds: AudioSource, context: Context
) -> AudioEncoder:
    """Learns nothing and keeps nothing."""

    def hear(row: int) -> Floats:
        return sounds.taken(row).sound

    return hear
