"""none: no model writes; everything is taken from the videos' own texts."""

from __future__ import annotations

from vireo.engine.base import Context
from vireo.language.generate.base import GenerationSection, Generator


def load(section: GenerationSection, context: Context) -> Generator | None:
    return None
