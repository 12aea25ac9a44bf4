"""What describes a sound best: the statistics of its bands, or the small network?

    python -m bench.video_sound --data ../shared/data

Without labels or text, as `bench.video_quality` for pictures. Digits: of 60 recordings of ten
digits by six speakers, does the nearest say the same digit, and is it the same speaker? Altered:
files of more than four seconds in four parts; the even ones are the gallery, the odd ones are 6%
slower or faster, in another room (9 decibels), louder or softer and noisy (20 decibels below); is
the nearest of the gallery of the same file? The network learns from all sounds of the folder.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.video_quality import own_file
from bench.write_result import made_by, tell
from vireo.arrays import Bytes, Floats, unit_rows
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.video.audio_encoders.cnn import Network, fresh, heard_by, train
from vireo.video.audio_features import describe, wave_of
from vireo.video.media import UnreadableMedia
from vireo.video.mel import RATE, packed

LONG = 4.0
"""Seconds of a file that is cut into parts."""
Waves = dict[str, Floats]


def waves(folder: Path) -> Waves:
    """Every file of the folder that has sound."""
    found = Waves()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            wave = wave_of(path, [])
        except UnreadableMedia:
            continue
        if wave is not None:
            found[path.relative_to(folder).as_posix()] = wave
    return found


def alter(wave: Floats, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    moments = np.linspace(0, len(wave) - 1, round(len(wave) / random.choice([0.94, 1.06])))
    paced = np.interp(moments, np.arange(len(wave)), wave)
    spectrum = np.fft.rfft(paced)
    room = np.interp(np.linspace(0, 4, len(spectrum)), range(5), random.uniform(-9, 9, 5))
    sound = np.fft.irfft(spectrum * 10 ** (room / 20), len(paced))
    sound *= 10 ** (random.uniform(-9, 9) / 20)
    sound += random.normal(0, 1, len(sound)) * np.sqrt((sound**2).mean()) / 10
    return np.asarray(np.clip(sound, -1, 1), dtype=np.float32)


def parts(found: Waves) -> list[Floats]:
    """The gallery, then the altered ones, two of each long file."""
    gallery, altered = list[Floats](), list[Floats]()
    for wave in found.values():
        if len(wave) > LONG * RATE:
            cut = np.array_split(wave, 4)
            altered += [alter(cut[i], len(altered) + i) for i in (1, 3)]
            gallery += cut[::2]
    return [*gallery, *altered]


def nearest(rows: Floats, labels: list[str]) -> float:
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -9)
    names = np.array(labels)
    return round(float((names[likeness.argmax(axis=1)] == names).mean()), 3)


def centred(rows: list[Floats]) -> Floats:
    table = np.stack(rows)
    return unit_rows(table - table.mean(axis=0))


def measured(found: Waves, describe: Callable[[Floats], Floats]) -> dict[str, float]:
    names = [name for name in found if "fsdd" in name]
    rows = centred([describe(found[name]) for name in names])
    told = [Path(name).stem.split("_") for name in names]
    return {
        "same digit": nearest(rows, [one[0] for one in told]),
        "same speaker": nearest(rows, [one[1] for one in told]),
        "altered": own_file(centred([describe(wave) for wave in parts(found)])),
    }


def through(network: Network) -> Callable[[Floats], Floats]:
    return lambda wave: heard_by(network, packed(wave))


def learnt(found: Waves, seed: int) -> Network:
    sounds: list[Bytes] = [packed(wave) for wave in found.values()]
    with tempfile.TemporaryDirectory() as folder:
        context = Context(Serial(EngineSection()), Path(folder), NullProgress(), seed)
        return train(sounds, np.zeros((len(sounds), 0), np.float32), context)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/video_sound.json"))
    parser.add_argument("--seeds", type=int, default=3, help="trainings of the network")
    options = parser.parse_args()
    found = waves(options.data / "clips")
    figures: dict[str, Any] = {"statistics": measured(found, describe)}
    figures["network, random weights"] = measured(found, through(fresh(0).eval()))
    for seed in range(options.seeds):
        start = time.process_time()
        network = learnt(found, seed)
        seconds = round(time.process_time() - start)
        row = measured(found, through(network))
        figures[f"network, seed {seed}"] = {**row, "processor s of training": seconds}
    about = {"sounds": len(found), "altered files": len(parts(found)) // 4}
    tell({**made_by("bench.video_sound"), **about, "figures": figures}, options.out)


if __name__ == "__main__":
    main()
