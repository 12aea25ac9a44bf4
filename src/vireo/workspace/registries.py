"""All registries of parts, by their name on the command line."""

from vireo.data import READERS
from vireo.engine import ENGINES
from vireo.interest import EXPERTS
from vireo.language import MODELS
from vireo.language.generate import GENERATORS
from vireo.pretraining import OBJECTIVES
from vireo.recommend import EXPLAINERS, RANKERS, RETRIEVERS, RULES
from vireo.registry import Registry
from vireo.video import ASR_ENGINES, AUDIO_ENCODERS, ENCODERS, OCR_ENGINES, POOLINGS

REGISTRIES: dict[str, Registry] = {
    "readers": READERS,
    "encoders": ENCODERS,
    "poolings": POOLINGS,
    "audio-encoders": AUDIO_ENCODERS,
    "asr": ASR_ENGINES,
    "ocr": OCR_ENGINES,
    "text-encoders": MODELS,
    "generators": GENERATORS,
    "objectives": OBJECTIVES,
    "experts": EXPERTS,
    "retrievers": RETRIEVERS,
    "rankers": RANKERS,
    "rules": RULES,
    "explainers": EXPLAINERS,
    "engines": ENGINES,
}
