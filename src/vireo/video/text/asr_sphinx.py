"""ASR engine `sphinx`: pocketsphinx, small, offline, English; for short, clear phrases.

The library includes its model. In free speech most words are wrong (docs/benchmarks.md has the
figures): use `whisper` or `api` for searchable transcripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from vireo.arrays import Floats
from vireo.errors import MissingLibrary
from vireo.video.text.base import SubtitleLine, TextSection

FRAME = 0.01
"""Seconds of a frame of the decoder."""
PAUSE = 0.3
"""Seconds of silence at which a line ends."""
MAX_WORDS = 14
"""Words of a line."""


class SphinxAsr:
    """One decoder per process; each audio segment is one utterance."""

    max_seconds = 30.0

    def __init__(self, library_version: str) -> None:
        self.fingerprint = f"sphinx {library_version}"

    def transcribe(self, wave: Floats) -> list[SubtitleLine]:
        decoder = self._decoder
        decoder.reinit_feat()  # else it keeps the means and noise of earlier audio
        decoder.start_utt()
        samples = (wave * 32767).astype(np.int16)
        decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return []
        # the segments are lost when the next utterance begins
        return list(_lines([(s.word, s.start_frame, s.end_frame) for s in decoder.seg()]))

    @cached_property
    def _decoder(self) -> Any:
        from pocketsphinx import Decoder

        return Decoder(loglevel="FATAL")


def provide(section: TextSection) -> SphinxAsr:
    """Raises MissingLibrary."""
    try:
        return SphinxAsr(version("pocketsphinx"))
    except PackageNotFoundError:
        raise MissingLibrary(
            "The library pocketsphinx, for speech recognition, is not installed.",
            'pip install "vireo-recommender[speech]"',
        ) from None


def _lines(segments: Sequence[tuple[str, int, int]]) -> Iterator[SubtitleLine]:
    """(word, first frame, last frame) -> lines between pauses."""
    words, start, end = list[str](), 0, 0
    for word, first, last in segments:
        silent = word.startswith(("<", "[", "+"))
        pause = silent and (last - first + 1) * FRAME >= PAUSE
        if words and (pause or len(words) >= MAX_WORDS):
            yield SubtitleLine(start * FRAME, (end + 1) * FRAME, " ".join(words))
            words = []
        if not silent:
            start = start if words else first
            words.append(word.partition("(")[0])  # and(2): the second pronunciation
            end = last
    if words:
        yield SubtitleLine(start * FRAME, (end + 1) * FRAME, " ".join(words))
