"""Video feature extraction: files to frames, sound and words; frames to vectors."""

from vireo.registry import Registry
from vireo.video.base import (
    FrameEncoder,
    Frames,
    FrameSource,
    TrainingFrames,
    VideoFeatures,
    VideoSection,
)

ENCODERS = Registry(
    "encoders",
    {
        "cnn": "vireo.video.encoders.cnn:provide",
        "onnx": "vireo.video.encoders.onnx:provide",
        "hub": "vireo.video.encoders.hub:provide",
    },
)
POOLINGS = Registry(
    "poolings",
    {
        "mean": "vireo.video.temporal.mean:pool",
        "max": "vireo.video.temporal.maximum:pool",
        "attention": "vireo.video.temporal.attention:pool",
        "motion": "vireo.video.temporal.motion:pool",
        "transformer": "vireo.video.temporal.transformer:pool",
    },
)

EARS = Registry(
    "audio_encoders",
    {
        "statistics": "vireo.video.audio_encoders.statistics:provide",
        "network": "vireo.video.audio_encoders.trained:provide",
    },
)
RECOGNISERS = Registry(
    "asr",
    {
        "sphinx": "vireo.video.text.asr_sphinx:provide",
        "whisper": "vireo.video.text.asr_whisper:provide",
        "api": "vireo.video.text.asr_api:provide",
    },
)
SCREENS = Registry("ocr", {"rapidocr": "vireo.video.text.ocr_rapidocr:provide"})

__all__ = [
    "EARS",
    "ENCODERS",
    "POOLINGS",
    "RECOGNISERS",
    "SCREENS",
    "TrainingFrames",
    "FrameEncoder",
    "Frames",
    "FrameSource",
    "VideoFeatures",
    "VideoSection",
]
