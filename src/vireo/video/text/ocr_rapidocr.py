"""OCR engine `rapidocr`: ONNX models that the library includes."""

from __future__ import annotations

import logging
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from vireo.arrays import Bytes
from vireo.errors import MissingLibrary
from vireo.video.text.base import TextSection
from vireo.video.text.markup import plain_text

MIN_CONFIDENCE = 0.8
"""Below it, textures are read as letters."""
MIN_LETTERS = 3


class RapidOcr:
    """Text detection, then recognition (PP-OCR: Du et al., 2020); English and Chinese."""

    def __init__(self, library_version: str) -> None:
        self.fingerprint = f"rapidocr {library_version}"

    def read(self, image: Bytes) -> list[str]:
        found = self._engine(np.ascontiguousarray(image[..., ::-1]))  # BGR
        pairs = zip(found.txts or (), found.scores or (), strict=True)
        texts = [plain_text(text) for text, score in pairs if score >= MIN_CONFIDENCE]
        return [text for text in texts if sum(map(str.isalnum, text)) >= MIN_LETTERS]

    @cached_property
    def _engine(self) -> Any:
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        from rapidocr import RapidOCR

        return RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,  # sampled frames are upright already
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )


def provide(section: TextSection) -> RapidOcr:
    """Raises MissingLibrary."""
    try:
        return RapidOcr(version("rapidocr"))
    except PackageNotFoundError:
        raise MissingLibrary(
            "The library rapidocr, for screen text, is not installed.",
            'pip install "vireo-recommender[screen]"',
        ) from None
