"""bench/results/video_*.json -> the section on videos in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.sections import Result, line, table, typed
from bench.sections import sections as written

Figures = Mapping[str, Any]
Section = Callable[[Figures], Iterator[str]]
CNN, ONNX = "cnn", "onnx"
GOALS = {CNN: (0.40, 0.60), ONNX: (0.75, 0.92)}
"""Encoder -> same-class neighbours, altered segments that find their file."""


def sections(results: Path) -> str:
    """The sections of those files that are in this folder."""
    makers = {f"video_{name}": _of_figures(section) for name, section in SECTIONS.items()}
    return written(results, makers, _made)


def _of_figures(section: Section) -> Callable[[Result], Iterator[str]]:
    return lambda result: section(result["figures"])


def _made(result: Result) -> str:
    return f"{result['date'][:10]}, {result['machine']}: `{typed(result)}`"


def _quality(figures: Figures) -> Iterator[str]:
    yield from ("## Videos: what the frame encoders are worth", "")
    yield (
        "Without labels or text. Actions: the nearest of 70 generated clips is of the same of "
        "seven actions (chance 0.13). Altered: a segment of one of 28 camera clips, recoloured, "
        "cropped to 70% and mirrored, finds its own file (chance 0.036). `cnn` learns from the "
        "folder alone. The rows are designs that were compared on these same clips."
    )
    yield ""
    heads = ("encoder", "design", "processor ms a picture", "actions", "goal", "altered", "goal")
    yield from table(heads, [])
    for name, row in figures.items():
        goals = next((g for part, g in GOALS.items() if name.startswith(part)), None)
        price = f"{row['processor_ms_per_picture']:g}" if "processor_ms_per_picture" in row else ""
        for design, found in _designs(row).items():
            wanted = goals if design else None
            cells = [name, design, price, *_pair(found["actions"], wanted and wanted[0])]
            yield line([*cells, *_pair(found["altered"], wanted and wanted[1])])


def _designs(row: Figures) -> dict[str, Figures]:
    if "actions" in row:
        return {"": row}
    return {name: found for name, found in row.items() if isinstance(found, Mapping)}


def _pair(value: float, goal: float | None) -> list[str]:
    return [f"{value:.3f}", f"{goal:.2f}" if goal else ""]


def _speed(figures: Figures) -> Iterator[str]:
    yield from ("## Videos: reading and encoding", "")
    yield (
        f"{figures['clips']}. Loops in turns in one run, the best of three rounds; Vireo decodes "
        "on one thread, the loop on libav's own."
    )
    yield ""
    yield from table(("what", "figure", "goal"), [])
    for name, goal in (("nearest key frames", "at least 0.9"), ("exact", "")):
        row = figures[name]
        told = f"{row['vireo_ms']:.1f} ms a clip; bare PyAV loop {row['bare_loop_ms']:.1f} ms; "
        told += f"{row['times_as_fast']:.2f} of it"
        if "times_as_fast_per_core" in row:
            told += f", {row['times_as_fast_per_core']:.2f} by the time of the processor"
        yield line([f"16 frames, {name}", told, goal])
    for name in ("opencv", "decord"):
        row = figures.get(f"exact by {name}", {})
        if "exact_ms" in row:
            times = row["exact_ms"] / figures["exact"]["vireo_ms"]
            told = f"{row['exact_ms']:.1f} ms; Vireo is {times:.2f} times as fast"
            yield line([f"16 frames, exact, {name}", told, "at least 2"])
    yield from _overlap(figures["overlap"])
    yield from _memory(figures["memory"])
    yield from _many(figures["many"])


def _overlap(row: Figures) -> Iterator[str]:
    if "share_of_the_slower" not in row:
        return
    told = (
        f"{row['overlapped_per_s']:g} files/s; decoding alone {row['decoding_alone_per_s']:g}, "
        f"encoding alone {row['encoding_alone_per_s']:g}: {row['share_of_the_slower']:.2f} of the "
        "slower"
    )
    if "ceiling" in row:
        told += f" ({row['ceiling']:.2f} where neither waits for the other)"
    yield line(["decoding and MobileNetV2, overlapped", told, "at least 0.9"])


def _memory(rows: Figures) -> Iterator[str]:
    for name, row in rows.items():
        told = f"two workers {row['workers_mb']:.0f} MB, parent {row['parent_mb']:.0f} MB"
        yield line([f"memory, {name}", told, "flat; under 1,536 MB"])


def _many(row: Figures) -> Iterator[str]:
    status = ", ".join(f"{count} {name}" for name, count in sorted(row["status"].items()))
    told = (
        f"{row['build_s']:.0f} s ({row['per_s']:.0f} a second), again {row['again_s']:.1f} s; "
        f"{status}; workers {row['workers_mb']:.0f} MB, parent {row['parent_mb']:.0f} MB"
    )
    yield line([f"{row['clips']:,} clips of a second in one build, `{row['encoder']}`", told, ""])


def _fuzz(figures: Figures) -> Iterator[str]:
    yield from ("## Videos: damaged files", "")
    outcomes = ", ".join(f"{count} {name}" for name, count in figures["outcomes"].items())
    yield (
        f"{figures['copies']} copies of {figures['sources']} real files with flipped bits, cut "
        f"ends, swapped pieces or a broken header (seeds fixed): {outcomes}; not accounted for: "
        f"{len(figures['not accounted for'])}. {figures['seconds']:.0f} s; two workers at most "
        f"{figures['workers_mb']:.0f} MB together."
    )


def _words(figures: Figures) -> Iterator[str]:
    yield from ("## Videos: the small offline recogniser", "")
    yield (
        "Word error rates of `sphinx` and of the command line of the same pocketsphinx on the same "
        "samples. Processor seconds are those that one second of sound takes."
    )
    yield ""
    heads = ("set", "files", "words", "error rate", "its command line", "same words", "processor s")
    yield from table(heads, [])
    for name, row in figures.items():
        other = row.get("command_line_word_error_rate")
        same = row.get("files_with_the_same_words")
        cells = [name, str(row["files"]), str(row["words"]), f"{row['word_error_rate']:.3f}"]
        cells += ["" if other is None else f"{other:.3f}", "" if same is None else str(same)]
        yield line([*cells, f"{row['processor_seconds_per_second']:.2f}"])


def _text(figures: Figures) -> Iterator[str]:
    yield from ("## Videos: pictures found by words that their texts do not say", "")
    yield (
        "70 generated clips of seven actions. The texts of a fifth of the clips are hidden at a "
        "time; each action's words look among the hidden pictures. Chance is "
        f"{figures['chance']:.3f}."
    )
    yield ""
    rows = {name: row for name, row in figures.items() if isinstance(row, Mapping)}
    heads = list(next(iter(rows.values())))
    yield from table(
        ("encoder", *heads),
        [(name, *(str(row[head]) for head in heads)) for name, row in rows.items()],
    )


def _sound(figures: Figures) -> Iterator[str]:
    yield from ("## Videos: what describes their sound", "")
    yield (
        "Without labels or text. Of 60 recordings of ten digits by six speakers, the nearest says "
        "the same digit (chance 0.08), is the same speaker (0.15); a part of a file, paced, "
        "coloured, louder or softer and noisy, finds its own file. The network was no better and "
        "was removed; commit 57723fb has it, with the script of these figures."
    )
    yield ""
    kinds = ("same digit", "same speaker", "altered")
    yield from table(("audio_encoder", *kinds, "processor s of training"), [])
    for name, row in figures.items():
        spent = str(row.get("processor s of training", ""))
        yield line([name, *(f"{row[kind]:.3f}" for kind in kinds), spent])


SECTIONS: Mapping[str, Section] = {
    "quality": _quality,
    "text": _text,
    "sound": _sound,
    "speed": _speed,
    "fuzz": _fuzz,
    "words": _words,
}
"""What follows `video_` in the file's name -> what makes its section, in the order of the page."""
