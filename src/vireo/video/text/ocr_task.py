"""OCR of one file in a worker process: sampled frames -> lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vireo.artifacts.files import write_json
from vireo.data.remote import local
from vireo.video.sampling import SamplingPlan
from vireo.video.text.asr_task import AsrJob
from vireo.video.text.base import OcrEngine, SubtitleLine

SHORT_SIDE = 480
"""Pixels of the short side of the frames; smaller letters are not recognized."""


@dataclass(frozen=True)
class OcrTask:
    """Reads the text of some frames of a file: `{"lines": [[start, end, text], ...]}`."""

    engine: OcrEngine
    frames: int
    max_download_mb: int
    """MB of the largest file that is fetched by URL."""

    def __call__(self, job: AsrJob) -> int:
        """The number of lines. Raises UnreadableMedia, and the errors of the engine."""
        # loads libav, which the main process does not need
        from vireo.video.frames import sample_frames

        # OCR reads the uncropped thumbnails; the crops are not used, and cheap
        plan = SamplingPlan(self.frames, SHORT_SIDE, thumbnail_side=SHORT_SIDE)
        with local(job.path, self.max_download_mb * 1_000_000) as path:
            sample = sample_frames(path, plan)
        lines: list[SubtitleLine] = []
        if sample is not None:
            texts = [self.engine.read(image) for image in sample.thumbnails]
            lines = merge_texts(sample.frames.times.tolist(), texts)
        Path(job.output).parent.mkdir(parents=True, exist_ok=True)
        write_json(Path(job.output), {"lines": lines})
        return len(lines)


def merge_texts(times: Sequence[float], texts: Sequence[Sequence[str]]) -> list[SubtitleLine]:
    """Texts per frame in order of time -> one line per text, from its first to its last frame."""
    spans: dict[str, tuple[float, float, str]] = {}
    for time, found in zip(times, texts, strict=True):
        for text in found:
            first = spans.get(text.casefold(), (time, time, text))
            spans[text.casefold()] = (first[0], time, first[2])
    return [SubtitleLine(*span) for span in sorted(spans.values())]
