"""Files whose words nobody wrote down -> what is said and shown in them, by the extras.

Subtitles come first: a file with good ones is not transcribed. What was found is kept by the
file's hash and the recogniser's fingerprint, so a later build pays only for new files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vireo.artifacts.files import digest_of_json, read_json
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.video import RECOGNISERS, SCREENS
from vireo.video.assemble import Taken
from vireo.video.extract import Extraction
from vireo.video.text.asr_task import AsrJob, AsrTask
from vireo.video.text.base import TextSection
from vireo.video.text.ocr_task import OcrTask
from vireo.video.text.subtitles import SubtitleLine, tidy

GOOD = 10.0
"""Words a minute that good subtitles have at least; fewer are signs and songs."""
SHORT = 3.0
"""Seconds of sound below which the share of speech says nothing."""


def identity(section: TextSection) -> list[str]:
    """What the words depend on besides the settings. Raises as `provide` does."""
    makers = [(RECOGNISERS, section.asr), (SCREENS, section.ocr)]
    return [menu.get(name)(section).fingerprint for menu, name in makers if name]


def with_transcripts(
    taken: Sequence[Taken], section: TextSection, fetch: int, context: Context
) -> tuple[list[Taken], str]:
    """The same with the lines that were missing, and a sentence for the user ("" for none).

    `fetch` is how many MB a file by URL may have.
    """
    found = [one._replace(found=replace(one.found, words=_given(one.found))) for one in taken]
    notes = []
    if section.asr:
        recogniser = RECOGNISERS.get(section.asr)(section)
        work = AsrTask(recogniser, section.max_minutes, fetch)
        told = [recogniser.fingerprint, section.max_minutes]
        one_pass = _Pass("speech", "Writing down speech", work, told, has_no_text)
        found, note = one_pass.over(found, section.timeout_seconds, context)
        notes.append(note)
    if section.ocr:
        reader = SCREENS.get(section.ocr)(section)
        told = [reader.fingerprint, section.ocr_frames]
        look = OcrTask(reader, section.ocr_frames, fetch)
        one_pass = _Pass("screen", "Reading screens", look, told, has_pictures)
        found, note = one_pass.over(found, section.timeout_seconds, context)
        notes.append(note)
    return found, " ".join(notes)


def has_no_text(found: Extraction) -> bool:
    """Whether a file has speech, as far as the ear tells, and no good subtitles."""
    short = (found.duration or 0.0) < SHORT
    spoken = found.has_sound and (short or (found.speech or 0.0) > 0)
    words = sum(len(line.text.split()) for line in found.dialogue)
    return spoken and words < max(GOOD * (found.duration or 0.0) / 60, 1)


def has_pictures(found: Extraction) -> bool:
    return len(found.times) > 0


def _given(found: Extraction) -> str:
    return "subtitles" if found.dialogue else ""


@dataclass(frozen=True)
class _Pass:
    """One kind of words, looked for in all the files that want it."""

    name: str
    title: str
    work: Callable[[AsrJob], int]
    told: Sequence[Any]
    wanted: Callable[[Extraction], bool]

    def over(
        self, taken: Sequence[Taken], timeout: float, context: Context
    ) -> tuple[list[Taken], str]:
        folder = context.cache / "video-words" / digest_of_json([self.name, *self.told])[:16]
        rows = [row for row, one in enumerate(taken) if self.wanted(one.found)]
        outs = {row: _out(folder, taken[row].file.digest) for row in rows}
        kept = {out: _lines(out, self.name) for out in outs.values()}
        new = {out: taken[row].file.path for row, out in outs.items() if kept[out] is None}
        troubles = self._done([AsrJob(path, out) for out, path in new.items()], timeout, context)
        kept |= {out: _lines(out, self.name) for out in new}
        changed = list(taken)
        for row, out in outs.items():
            changed[row] = _joined(taken[row], self.name, kept[out] or [], troubles.get(out, ""))
        lines = sum(len(found or ()) for found in kept.values())
        note = f"{self.name}: {lines} lines in {len(kept)} files, {len(new)} of them new"
        return changed, f"{note}{f', {len(troubles)} failed' if troubles else ''}."

    def _done(self, jobs: list[AsrJob], timeout: float, context: Context) -> dict[str, str]:
        """Runs the work; what went wrong, by the name of the file that was to be written."""
        troubles: dict[str, str] = {}
        with context.progress.task(self.title, len(jobs)) as tick:
            for outcome in context.engine.map(self.work, jobs, timeout=timeout):
                if outcome.kind != "done":
                    troubles[jobs[outcome.index].out] = outcome.error
                tick(1, f"{len(troubles)} failed" if troubles else "")
        if jobs and len(troubles) == len(jobs):  # the words' doing, not the files'
            raise StageFailed(
                f"No words could be had from any of {len(jobs)} files: {troubles[jobs[0].out]}",
                "Mend [video.text] in vireo.toml, or leave its `speech` and `screen` empty.",
            )
        return troubles


def _out(folder: Path, digest: str) -> str:
    return str(folder / digest[:2] / f"{digest}.json")


def _lines(out: str, source: str) -> list[SubtitleLine] | None:
    """What was kept there; None where nothing was."""
    kept = read_json(Path(out))
    if kept is None:
        return None
    return [
        SubtitleLine(start, end, text, source) for start, end, text, *_ in kept.get("lines", ())
    ]


def _joined(one: Taken, name: str, lines: list[SubtitleLine], trouble: str) -> Taken:
    found = one.found
    if trouble:
        reason = "; ".join(filter(None, (found.reason, f"{name}: {trouble}")))
        status = "partial" if found.status == "ok" else found.status
        return one._replace(found=replace(found, status=status, reason=reason))
    if not lines:
        return one
    words = ", ".join(filter(None, (found.words, name)))
    every = tuple(tidy([*found.dialogue, *lines]))
    return one._replace(found=replace(found, dialogue=every, words=words))
