"""Video feature extraction: media files -> frames, audio and text -> embeddings."""

from vireo.registry import Registry
from vireo.video.base import (
    AudioEncoder,
    AudioSource,
    FrameEncoder,
    FrameSource,
    TrainingFrames,
    VideoFeatures,
    VideoSection,
)
from vireo.video.extraction import Frames

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
AUDIO_ENCODERS = Registry(
    "audio_encoders", {"statistics": "vireo.video.audio_encoders.statistics:provide"}
)
ASR_ENGINES = Registry(
    "asr",
    {
        "sphinx": "vireo.video.text.asr_sphinx:provide",
        "whisper": "vireo.video.text.asr_whisper:provide",
        "api": "vireo.video.text.asr_api:provide",
    },
)
OCR_ENGINES = Registry("ocr", {"rapidocr": "vireo.video.text.ocr_rapidocr:provide"})

__all__ = [
    "ASR_ENGINES",
    "AUDIO_ENCODERS",
    "ENCODERS",
    "OCR_ENGINES",
    "POOLINGS",
    "AudioEncoder",
    "AudioSource",
    "FrameEncoder",
    "FrameSource",
    "Frames",
    "TrainingFrames",
    "VideoFeatures",
    "VideoSection",
]
