"""Every menu of parts, by the word that the command line uses for it."""

from vireo.data import READERS
from vireo.engine import ENGINES
from vireo.interest import EXPERTS
from vireo.language import MODELS
from vireo.language.generate import GENERATORS
from vireo.pretraining import OBJECTIVES
from vireo.recommend import EXPLAINERS, RANKERS, RETRIEVERS, RULES
from vireo.registry import Registry
from vireo.video import ENCODERS, POOLINGS, RECOGNISERS, SCREENS

REGISTRIES: dict[str, Registry] = {
    "readers": READERS,
    "encoders": ENCODERS,
    "poolings": POOLINGS,
    "asr": RECOGNISERS,
    "ocr": SCREENS,
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
