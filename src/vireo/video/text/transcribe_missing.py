"""ASR and OCR for files that need them; both are optional extras.

A file with dense subtitles is not transcribed. Transcripts are cached by the hash of the file and
the fingerprint of the engine, so a later build transcribes new files only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vireo.artifacts.files import digest_of_json, read_json
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.video import ASR_ENGINES, OCR_ENGINES
from vireo.video.assemble import ExtractedFile
from vireo.video.extraction import Extraction
from vireo.video.text.asr_task import AsrJob, AsrTask
from vireo.video.text.base import SubtitleLine, TextSection
from vireo.video.text.ocr_task import OcrTask
from vireo.video.text.subtitles import sorted_lines

MIN_WORDS_PER_MINUTE = 10.0
"""Words per minute of subtitles at least; sparser ones are signs and songs."""
MIN_SPEECH_SECONDS = 3.0
"""Seconds of audio below which its share of speech is unreliable."""


def fingerprints(section: TextSection) -> list[str]:
    """Fingerprints of the engines in use. Raises as their `provide` does."""
    choices = [(ASR_ENGINES, section.asr), (OCR_ENGINES, section.ocr)]
    return [registry.get(name)(section).fingerprint for registry, name in choices if name]


def with_transcripts(
    extracted: Sequence[ExtractedFile],
    section: TextSection,
    max_download_mb: int,
    context: Context,
) -> tuple[list[ExtractedFile], str]:
    """The files with transcripts and screen text, and a note for the user ("" for none)."""
    files = [_with_subtitle_source(one) for one in extracted]
    notes = []
    for text_pass in _passes(section, max_download_mb):
        files, note = text_pass.run(files, section.timeout_seconds, context)
        notes.append(note)
    return files, " ".join(notes)


def needs_transcript(extraction: Extraction) -> bool:
    """Whether a file seems to hold speech and has no dense subtitles."""
    duration = extraction.duration or 0.0
    may_be_speech = duration < MIN_SPEECH_SECONDS or (extraction.speech or 0.0) > 0
    n_words = sum(len(line.text.split()) for line in extraction.dialogue)
    is_sparse = n_words < max(MIN_WORDS_PER_MINUTE * duration / 60, 1)
    return extraction.has_audio and may_be_speech and is_sparse


def has_frames(extraction: Extraction) -> bool:
    return len(extraction.times) > 0


def _with_subtitle_source(one: ExtractedFile) -> ExtractedFile:
    source = "subtitles" if one.extraction.dialogue else ""
    return one._replace(extraction=replace(one.extraction, text_source=source))


@dataclass(frozen=True)
class _TextPass:
    """One engine, run on all files that need it."""

    source: str
    title: str
    task: Callable[[AsrJob], int]
    identity: Sequence[Any]
    needed: Callable[[Extraction], bool]

    def run(
        self, files: Sequence[ExtractedFile], timeout: float, context: Context
    ) -> tuple[list[ExtractedFile], str]:
        identity = digest_of_json([self.source, *self.identity])[:16]
        folder = context.cache / "video-transcripts" / identity
        rows = [row for row, one in enumerate(files) if self.needed(one.extraction)]
        outputs = {row: _output(folder, files[row].file.digest) for row in rows}
        found = {output: _load(output, self.source) for output in outputs.values()}
        new = {
            output: files[row].file.path for row, output in outputs.items() if found[output] is None
        }
        jobs = [AsrJob(path, output) for output, path in new.items()]
        errors = self._run_jobs(jobs, timeout, context)
        found |= {output: _load(output, self.source) for output in new}
        changed = list(files)
        for row, output in outputs.items():
            lines, error = found[output] or [], errors.get(output, "")
            changed[row] = _with_lines(files[row], self.source, lines, error)
        n_lines = sum(len(lines or ()) for lines in found.values())
        note = f"{self.source}: {n_lines} lines in {len(found)} files, {len(new)} of them new"
        return changed, f"{note}{f', {len(errors)} failed' if errors else ''}."

    def _run_jobs(self, jobs: list[AsrJob], timeout: float, context: Context) -> dict[str, str]:
        """Runs the jobs; returns the errors by output path. Raises StageFailed if all fail."""
        errors: dict[str, str] = {}
        with context.progress.task(self.title, len(jobs)) as tick:
            for outcome in context.engine.map(self.task, jobs, timeout=timeout):
                if outcome.kind != "done":
                    errors[jobs[outcome.index].output] = outcome.error
                tick(1, f"{len(errors)} failed" if errors else "")
        if jobs and len(errors) == len(jobs):  # the engine fails, not the files
            raise StageFailed(
                f"None of {len(jobs)} files could be transcribed: {errors[jobs[0].output]}",
                "Correct [video.text] in vireo.toml, or leave its `asr` and `ocr` empty.",
            )
        return errors


def _passes(section: TextSection, max_download_mb: int) -> list[_TextPass]:
    passes = []
    if section.asr:
        asr = ASR_ENGINES.get(section.asr)(section)
        asr_task = AsrTask(asr, section.max_minutes, max_download_mb)
        identity = [asr.fingerprint, section.max_minutes]
        passes.append(
            _TextPass("speech", "Transcribing speech", asr_task, identity, needs_transcript)
        )
    if section.ocr:
        ocr = OCR_ENGINES.get(section.ocr)(section)
        ocr_task = OcrTask(ocr, section.ocr_frames, max_download_mb)
        identity = [ocr.fingerprint, section.ocr_frames]
        passes.append(_TextPass("screen", "Reading screen text", ocr_task, identity, has_frames))
    return passes


def _output(folder: Path, digest: str) -> str:
    return str(folder / digest[:2] / f"{digest}.json")


def _load(output: str, source: str) -> list[SubtitleLine] | None:
    """The cached lines; None without a cache entry."""
    cached = read_json(Path(output))
    if cached is None:
        return None
    lines = cached.get("lines", ())
    return [SubtitleLine(start, end, text, source) for start, end, text, *_ in lines]


def _with_lines(
    one: ExtractedFile, source: str, lines: list[SubtitleLine], error: str
) -> ExtractedFile:
    extraction = one.extraction
    if error:
        reason = "; ".join(filter(None, (extraction.reason, f"{source}: {error}")))
        status = "partial" if extraction.status == "ok" else extraction.status
        return one._replace(extraction=replace(extraction, status=status, reason=reason))
    if not lines:
        return one
    text_source = ", ".join(filter(None, (extraction.text_source, source)))
    dialogue = tuple(sorted_lines([*extraction.dialogue, *lines]))
    return one._replace(extraction=replace(extraction, dialogue=dialogue, text_source=text_source))
