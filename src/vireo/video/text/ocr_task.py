"""A file's pictures -> what is written in them, with times; runs in a worker process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vireo.artifacts.files import write_json
from vireo.data.remote import local
from vireo.video.sampling import SamplingPlan
from vireo.video.text.asr_task import AsrJob
from vireo.video.text.base import OcrEngine
from vireo.video.text.subtitles import SubtitleLine

SHORT_SIDE = 480
"""Pixels of the short side of the pictures that are read: smaller letters are lost."""


@dataclass(frozen=True)
class OcrTask:
    """Reads some pictures of a file: `{"lines": [[start, end, text], ...]}`."""

    reader: OcrEngine
    frames: int
    fetch: int
    """MB of the largest file that is fetched by URL."""

    def __call__(self, job: AsrJob) -> int:
        """The number of lines. Raises Unreadable, or what the reader raises."""
        from vireo.video.frames import sample  # loads libav, which the main process can do without

        # squares are of no use here, and cheap; the whole pictures beside them are what is read
        with local(job.path, self.fetch * 1_000_000) as path:
            seen = sample(path, SamplingPlan(self.frames, SHORT_SIDE, stills=SHORT_SIDE))
        lines: list[SubtitleLine] = []
        if seen is not None:
            texts = [self.reader.read(still) for still in seen.stills]
            lines = shown(seen.frames.times.tolist(), texts)
        Path(job.out).parent.mkdir(parents=True, exist_ok=True)
        write_json(Path(job.out), {"lines": lines})
        return len(lines)


def shown(times: Sequence[float], texts: Sequence[Sequence[str]]) -> list[SubtitleLine]:
    """Texts of pictures in order of time -> a line for each text, from its first to its last."""
    spans: dict[str, tuple[float, float, str]] = {}
    for time, found in zip(times, texts, strict=True):
        for text in found:
            first = spans.get(text.casefold(), (time, time, text))
            spans[text.casefold()] = (first[0], time, first[2])
    return [SubtitleLine(*span) for span in sorted(spans.values())]
