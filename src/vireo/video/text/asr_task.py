"""A file's sound in stretches -> what is said in it; runs in a worker process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vireo.artifacts.files import write_json
from vireo.data.remote import local
from vireo.video.text.base import AsrEngine


@dataclass(frozen=True)
class AsrJob:
    """One file to listen to, and where its lines go."""

    path: str
    out: str


@dataclass(frozen=True)
class AsrTask:
    """Writes down the first minutes of a file: `{"lines": [[start, end, text], ...]}`."""

    recogniser: AsrEngine
    minutes: float
    fetch: int
    """MB of the largest file that is fetched by URL."""

    def __call__(self, job: AsrJob) -> int:
        """The number of lines. Raises Unreadable, or what the recogniser raises."""
        # loads libav, which the main process can do without
        from vireo.video.text.audio_segments import stretches

        lines = []
        with local(job.path, self.fetch * 1_000_000) as path:
            for start, wave in stretches(path, self.recogniser.longest, 60 * self.minutes):
                found = self.recogniser.transcribe(wave)
                lines += [(start + line.start, start + line.end, line.text) for line in found]
        Path(job.out).parent.mkdir(parents=True, exist_ok=True)
        write_json(Path(job.out), {"lines": lines})
        return len(lines)
