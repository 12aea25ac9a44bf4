"""Speed and memory of reading videos, on clips that are drawn and encoded here.

    python -m bench.video_speed --out bench/results/video_speed.json

Sampled decoding against a bare PyAV loop on the same files, pair by pair in one run; exact frames
against OpenCV and decord where `--opencv PYTHON` and `--decord PYTHON` name interpreters that have
them; reading and encoding overlapped (one worker decodes, one thread encodes) against each alone;
memory with two workers, an 8K file among the clips; one build of many short clips.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl

from bench.memory_monitor import watched
from bench.video_clips import OTHERS, TIMED, draw
from bench.write_result import made_by, tell
from vireo.arrays import Bytes
from vireo.artifacts.files import digest_of_file
from vireo.config import Config
from vireo.data.base import MEDIA_SCHEMA, VIDEO_SCHEMA, Tables
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.processes import Processes
from vireo.video import ENCODERS
from vireo.video.base import VideoSection
from vireo.video.build import build
from vireo.video.encode import encode_videos
from vireo.video.frame_cache import CatalogueFile, CatalogueFrames
from vireo.video.frames import sample_frames
from vireo.video.sampling import SamplingPlan

FRAMES, SIDE = 16, 224


def bare(path: Path, exact: bool) -> list[Bytes]:
    """The plainest loop: the key frame before each moment, or every frame up to each moment."""
    found: list[Bytes] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        seconds = float(stream.duration * stream.time_base)
        frames = container.decode(stream)
        for moment in [(i + 0.5) * seconds / FRAMES for i in range(FRAMES)]:
            if not exact:
                container.seek(int(moment / stream.time_base), stream=stream)
                frames = container.decode(stream)
            frame = next(f for f in frames if not exact or (f.time or 0.0) >= moment)
            width = round(frame.width * SIDE / frame.height)
            # swscale with a thread per core is slower here, and other loops have one
            pixels = frame.reformat(width, SIDE, "rgb24", threads=1).to_ndarray()
            left = (width - SIDE) // 2
            found.append(np.asarray(pixels[:, left : left + SIDE], np.uint8))
    return found


def pairs(clips: Sequence[Path], exact: bool, rounds: int = 3) -> dict[str, float]:
    """Seconds a clip, the best of a few rounds, the two loops in turns.

    Of the processor, too: libav decodes with a thread per core for the plain loop, where a worker
    has one, because there is a worker per core.
    """
    plan = SamplingPlan(FRAMES, SIDE, crops=1, exact_frames=exact)
    loops: dict[str, Callable[[Path], Any]] = {
        "bare_loop": lambda path: bare(path, exact),
        "vireo": lambda path: sample_frames(path, plan),
    }
    best, spent = dict.fromkeys(loops, float("inf")), dict.fromkeys(loops, float("inf"))
    for _ in range(rounds):
        for name, loop in loops.items():
            start, busy = time.perf_counter(), time.process_time()
            for path in clips:
                loop(path)
            best[name] = min(best[name], (time.perf_counter() - start) / len(clips))
            spent[name] = min(spent[name], (time.process_time() - busy) / len(clips))
    return {
        **{f"{n}_ms": round(1000 * s, 2) for n, s in best.items()},
        "times_as_fast": round(best["bare_loop"] / best["vireo"], 2),
        **{f"{n}_processor_ms": round(1000 * s, 2) for n, s in spent.items()},
        "times_as_fast_per_core": round(spent["bare_loop"] / spent["vireo"], 2),
    }


def other(name: str, python: str, clips: Sequence[Path]) -> dict[str, Any]:
    """The same frames by another library, in an environment of its own."""
    code = OTHERS[name] + TIMED
    done = subprocess.run(
        [python, "-c", code, *map(str, clips)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    return {"exact_ms": round(1000 * float(done.stdout), 2)}


def files_of(clips: Sequence[Path]) -> list[CatalogueFile]:
    """A row each, also where a clip comes twice: it is to be read twice."""
    return [
        CatalogueFile(f"{n}", str(path), f"{n} {path.name}", None, None)
        for n, path in enumerate(clips)
    ]


def overlapped(clips: Sequence[Path], model: Path | None, rounds: int = 3) -> dict[str, Any]:
    """Files a second: one worker decoding, one thread encoding, and both at once.

    The best of a few rounds, in turns. `ceiling` is what the machine allows: the same two pieces
    of work at once, neither waiting for the other.
    """
    if model is None:
        return {"left_out": "no model (--model FILE.onnx)"}
    section = VideoSection(
        encoder="onnx", model=str(model), frames=FRAMES, timeout_seconds=600, threads=1
    )
    with tempfile.TemporaryDirectory() as folder:
        context = Context(Processes(EngineSection(workers=1)), Path(folder), NullProgress(), 0)
        bench = _Overlap(_footage(clips, section, context, Path(folder) / "encoders"))
        bench.decode(bench.fresh())  # the files are in the page cache
        found = [bench.round() for _ in range(rounds)]
    best = {name: min(one[name] for one in found) for name in found[0]}
    slower, files = max(best["encoding"], best["decoding"]), len(clips)
    return {
        "files": files,
        "encoding_alone_per_s": round(files / best["encoding"], 2),
        "decoding_alone_per_s": round(files / best["decoding"], 2),
        "overlapped_per_s": round(files / best["overlapped"], 2),
        "share_of_the_slower": round(slower / best["overlapped"], 3),
        "ceiling": round(slower / best["apart"], 3),
    }


class _Overlap:
    """The pieces of work of `overlapped`, each on footage before an empty cache."""

    def __init__(self, footage: CatalogueFrames) -> None:
        self.footage, self.caches = footage, count()
        self.encoder: Any = ENCODERS.get("onnx")(footage.section, None, None)

    def fresh(self) -> CatalogueFrames:
        return _fresh(self.footage, self.footage.context, f"cache{next(self.caches)}")

    def decode(self, work: CatalogueFrames) -> CatalogueFrames:
        list(work.lazy_at(SIDE).iter_read())
        return work

    def encode(self, work: CatalogueFrames) -> None:
        encode_videos(work.lazy_at(SIDE), self.encoder, work.section, work.context)

    def apart(self, ready: CatalogueFrames, empty: CatalogueFrames) -> None:
        thread = threading.Thread(target=self.decode, args=[empty])
        thread.start()
        self.encode(ready)
        thread.join()

    def round(self) -> dict[str, float]:
        """Seconds of each."""
        return {
            "decoding": _seconds(self.decode, self.fresh()),
            "encoding": _seconds(self.encode, self.decode(self.fresh())),
            "overlapped": _seconds(self.encode, self.fresh()),
            "apart": _seconds(self.apart, self.decode(self.fresh()), self.fresh()),
        }


def _seconds(work: Callable[..., object], *given: object) -> float:
    start = time.perf_counter()
    work(*given)
    return time.perf_counter() - start


def _footage(
    clips: Sequence[Path], section: VideoSection, context: Context, encoders: Path
) -> CatalogueFrames:
    files = files_of(clips)
    return CatalogueFrames(
        files, section, context, encoders, lambda: np.zeros((len(files), 0), np.float32)
    )


def _fresh(footage: CatalogueFrames, context: Context, name: str) -> CatalogueFrames:
    """The same files before an empty cache."""
    empty = Context(context.engine, context.cache / name, context.progress, context.seed)
    return CatalogueFrames(
        footage.files, footage.section, empty, footage.encoder_folder, footage.texts
    )


def memory(clips: Sequence[Path], huge: Path | None, repeats: Sequence[int]) -> dict[str, Any]:
    """With two workers: for more and more files, then with an 8K file."""
    figures: dict[str, Any] = {}
    for times in repeats:
        figures[f"{len(clips) * times} files"] = _read_all(list(clips) * times)
    if huge is not None:
        figures["8K file"] = _read_all([huge, *clips, huge])
    return figures


def _read_all(clips: Sequence[Path]) -> dict[str, float]:
    section = VideoSection(frames=FRAMES, crops=1, timeout_seconds=120)
    with tempfile.TemporaryDirectory() as folder, watched() as found:
        context = Context(Processes(EngineSection(workers=2)), Path(folder), NullProgress(), 0)
        list(_footage(clips, section, context, Path(folder)).lazy_at(SIDE).iter_read())
    return found


def short_clips(count: int, work: Path) -> list[Path]:
    print(f"drawing {count} clips", file=sys.stderr, flush=True)
    return [draw(work / f"m{n:05d}.mp4", 1.0, n, (160, 96)) for n in range(count)]


def long_clips(options: argparse.Namespace, work: Path) -> list[Path]:
    print("drawing clips", file=sys.stderr, flush=True)
    return [draw(work / f"c{n}.mp4", options.seconds, n) for n in range(options.clips)]


def many(count: int, work: Path, model: Path | None) -> dict[str, Any]:
    """One build of many short clips, then the same again."""
    clips = short_clips(count, work)
    videos = pl.DataFrame([{"video_id": p.stem} for p in clips], VIDEO_SCHEMA)
    rows = [{"video_id": p.stem, "path": str(p), "digest": digest_of_file(p)} for p in clips]
    tables = Tables({"videos": videos, "media": pl.DataFrame(rows, MEDIA_SCHEMA)})
    small = VideoSection(frames=4)
    if model is not None:
        small = VideoSection(frames=4, encoder="onnx", model=str(model))
    config = Config(video=small)
    seconds = []
    with tempfile.TemporaryDirectory() as fresh, watched() as found:
        engine = Processes(EngineSection(workers=2))
        context = Context(engine, Path(fresh) / "cache", NullProgress(), 0)
        for _ in range(2):
            start = time.perf_counter()
            features = build(
                tables, config.video, config.language, context, Path(fresh) / "encoder"
            )
            seconds.append(time.perf_counter() - start)
    status = dict(features.table["status"].value_counts().iter_rows())
    return {
        "encoder": config.video.encoder,
        "clips": count,
        "build_s": round(seconds[0], 1),
        "per_s": round(count / seconds[0], 1),
        "again_s": round(seconds[1], 1),
        "status": status,
        **found,
    }


def measure(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    clips = long_clips(options, work)
    figures: dict[str, Any] = {
        "clips": f"{options.clips} of {options.seconds:g} s, 640 x 360, H.264, key every 2 s"
    }
    figures["nearest key frames"] = pairs(clips, exact=False)
    figures["exact"] = pairs(clips, exact=True)
    for name, python in (("opencv", options.opencv), ("decord", options.decord)):
        if python:
            figures[f"exact by {name}"] = other(name, python, clips)
    print("overlap", file=sys.stderr, flush=True)
    figures["overlap"] = overlapped(clips * options.repeat, options.model)
    print("memory", file=sys.stderr, flush=True)
    figures["memory"] = memory(clips, options.huge, (1, 4, 16))
    figures["many"] = many(options.many, work, options.model)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench/results/video_speed.json"))
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--repeat", type=int, default=4, help="times each clip counts in `overlap`")
    parser.add_argument("--many", type=int, default=2000, help="short clips in one build")
    parser.add_argument("--model", type=Path, help="an ONNX image model for `overlap` and `many`")
    parser.add_argument("--huge", type=Path, help="an 8K file for `memory`")
    parser.add_argument("--opencv", help="a Python that has OpenCV")
    parser.add_argument("--decord", help="a Python that has decord")
    parser.add_argument("--drawn", type=Path, help="a folder for the drawn clips, to use again")
    parser.add_argument("--draw-only", action="store_true", help="measure nothing yet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.drawn or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        if options.draw_only:
            long_clips(options, work)
            short_clips(options.many, work)
            return
        figures = measure(options, work)
    tell({**made_by("bench.video_speed"), "figures": figures}, options.out)


if __name__ == "__main__":
    main()
