"""ASR of one file in a worker process: audio in segments -> lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vireo.artifacts.files import write_json
from vireo.data.remote import local
from vireo.video.text.base import AsrEngine


@dataclass(frozen=True)
class AsrJob:
    """One file to transcribe, and the path of the result."""

    path: str
    output: str


@dataclass(frozen=True)
class AsrTask:
    """Transcribes the first minutes of a file: `{"lines": [[start, end, text], ...]}`."""

    engine: AsrEngine
    max_minutes: float
    max_download_mb: int
    """MB of the largest file that is fetched by URL."""

    def __call__(self, job: AsrJob) -> int:
        """The number of lines. Raises UnreadableMedia, and the errors of the engine."""
        # loads libav, which the main process does not need
        from vireo.video.text.audio_segments import audio_segments

        lines = []
        with local(job.path, self.max_download_mb * 1_000_000) as path:
            segments = audio_segments(path, self.engine.max_seconds, 60 * self.max_minutes)
            for start, wave in segments:
                found = self.engine.transcribe(wave)
                lines += [(start + line.start, start + line.end, line.text) for line in found]
        Path(job.output).parent.mkdir(parents=True, exist_ok=True)
        write_json(Path(job.output), {"lines": lines})
        return len(lines)
