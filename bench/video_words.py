"""Word error rates of the small offline recogniser on real speech, beside its own command line.

    python -m bench.video_words --data ../shared/data --sphinx PROGRAM

PROGRAM is `pocketsphinx` of the same version, built from its source (the wheel brings none); it
hears the same samples (16 kHz, mono, 16 bits) with the model of the wheel. Without it only Vireo's
figures are made. The LibriVox texts of the data have no sound beside them, so they cannot count.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.write_result import made_by, tell
from vireo.arrays import Floats
from vireo.video.mel import RATE
from vireo.video.text.asr_api import encode_wav
from vireo.video.text.asr_sphinx import SphinxAsr, provide
from vireo.video.text.audio_segments import audio_segments
from vireo.video.text.base import TextSection

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
Spoken = tuple[Path, str]


def speeches(folder: Path) -> dict[str, list[Spoken]]:
    """Set -> files with what is said in them, in plain lower-case words."""
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    label = {entry["file"]: entry.get("label", "") for entry in entries}

    def labelled(pattern: str) -> list[Spoken]:
        paths = sorted(folder.glob(pattern))
        return [(path, words(label[path.relative_to(folder).as_posix()])) for path in paths]

    digits = sorted((folder / "speech" / "fsdd").glob("*.wav"))
    return {
        "cards": labelled("speech/cards/*.wav"),
        "digits": [(path, DIGITS[int(path.name[0])]) for path in digits],
        "GRID sentences": labelled("speech/grid/*.mpg"),
        "a president's sentence": labelled("speech/jfk.flac"),
    }


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def errors(said: str, heard: str) -> int:
    """Words to put in, take out or change to make the one of the other (Levenshtein, 1966)."""
    row = list(range(len(heard.split()) + 1))
    for i, word in enumerate(said.split(), start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard.split(), start=1):
            change = before + (word != other)
            before, row[j] = row[j], min(change, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def ours(recogniser: SphinxAsr, path: Path) -> tuple[str, Floats]:
    """What is heard, and the sound."""
    parts = list(audio_segments(path, recogniser.max_seconds, 600.0))
    lines = [line for _, wave in parts for line in recogniser.transcribe(wave)]
    return words(" ".join(line.text for line in lines)), np.concatenate([w for _, w in parts])


def theirs(program: str, wave: Floats, work: Path) -> str:
    from pocketsphinx import get_model_path

    model = Path(get_model_path()) / "en-us"
    (work / "one.wav").write_bytes(encode_wav(wave))
    settings = {"hmm": "en-us", "lm": "en-us.lm.bin", "dict": "cmudict-en-us.dict"}
    flags = [part for name, file in settings.items() for part in (f"-{name}", str(model / file))]
    command = [program, *flags, "-loglevel", "FATAL", "single", str(work / "one.wav")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return words(json.loads(done.stdout.splitlines()[-1])["t"])


def measure(files: Sequence[Spoken], program: str, work: Path) -> dict[str, Any]:
    recogniser = provide(TextSection())
    recogniser.transcribe(np.zeros(RATE, np.float32))  # loads the model
    total = wrong = their_wrong = same = 0
    seconds = spent = 0.0
    for path, said in files:
        start = time.process_time()
        heard, wave = ours(recogniser, path)
        spent += time.process_time() - start
        seconds += len(wave) / RATE
        total += len(said.split())
        wrong += errors(said, heard)
        if program:
            other = theirs(program, wave, work)
            their_wrong += errors(said, other)
            same += other == heard
    figures: dict[str, Any] = {
        "files": len(files),
        "words": total,
        "seconds": round(seconds, 1),
        "word_error_rate": round(wrong / total, 3),
        "processor_seconds_per_second": round(spent / seconds, 3),
    }
    if program:
        figures["command_line_word_error_rate"] = round(their_wrong / total, 3)
        figures["files_with_the_same_words"] = same
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/video_words.json"))
    parser.add_argument("--sphinx", default="", help="the program `pocketsphinx`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        figures = {
            name: measure(files, options.sphinx, Path(work))
            for name, files in speeches(options.data / "clips").items()
        }
    tell({**made_by("bench.video_words"), "figures": figures}, options.out)


if __name__ == "__main__":
    main()
