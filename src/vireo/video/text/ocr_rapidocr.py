"""rapidocr: what is written in pictures, by ONNX models that come inside the library."""

from __future__ import annotations

import logging
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from vireo.arrays import Bytes
from vireo.errors import MissingLibrary
from vireo.video.text.base import TextSection
from vireo.video.text.subtitles import plain

SURE = 0.8
"""Confidence that a text has at least; below it, textures are read as letters."""
FEWEST_LETTERS = 3


class RapidOcr:
    """Finds lines of text, then reads each (PP-OCR: Du et al., 2020); English and Chinese."""

    def __init__(self, edition: str) -> None:
        self.fingerprint = f"rapidocr {edition}"

    def read(self, picture: Bytes) -> list[str]:
        found = self._engine(np.ascontiguousarray(picture[..., ::-1]))  # it wants BGR
        pairs = zip(found.txts or (), found.scores or (), strict=True)
        texts = [plain(text) for text, score in pairs if score >= SURE]
        return [text for text in texts if sum(map(str.isalnum, text)) >= FEWEST_LETTERS]

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
            "The library rapidocr, which reads writing in pictures, is not installed.",
            'pip install "vireo-recommender[screen]"',
        ) from None
