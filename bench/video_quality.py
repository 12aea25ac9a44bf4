"""Quality of the frame encoders on real clips, without labels or text: two searches, two rooms.

    python -m bench.video_quality --data ../shared/data --out bench/results/video_quality.json

Actions: 70 generated clips of seven actions; is the nearest other clip of the same action?
Altered: 24 frames of each of 28 camera clips in four segments; the even ones are the gallery, the
odd ones are recoloured (channels swapped, each made lighter or darker), cropped to 70% and
mirrored; is the nearest segment of the gallery of the same file? Labels are read to count hits,
never to choose anything. `cnn` learns from all files of the folder, and from nothing else.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench.write_result import made_by, tell
from vireo.arrays import Bytes, Floats, unit_rows
from vireo.artifacts.files import digest_of_file
from vireo.engine import Context, EngineSection, LogProgress
from vireo.engine.processes import Processes
from vireo.video import ENCODERS, POOLINGS
from vireo.video.base import FrameEncoder, VideoSection
from vireo.video.frame_cache import CatalogueFile, CatalogueFrames
from vireo.video.frames import sample_frames
from vireo.video.pixels import scale, square_crops
from vireo.video.sampling import SamplingPlan
from vireo.video.temporal import Pool, center_parts, pool_parts

POOLING = ("mean", "max", "motion")
SHORT_SIDE = 256
"""Whole pictures are altered at this size, before anything is cut from them."""
PER_CLIP, SEGMENTS = 24, 4
LOOKS = 3
BY_LOOKS = {"0": (3,), "1": (1,), "2": (0, 2), "3": (0, 1, 2)}
"""Of the four squares that are cut (both ends, the centre, the whole), those that a setting of
`video.crops` sees."""
Film = Bytes
"""(n, 4, r, r, 3): left end, centre, right end, whole."""
Films = tuple[list[Film], list[str], list[Film], list[Film]]
"""Clips with their labels; gallery and queries."""
Described = tuple[list[Floats], list[str], list[Floats]]
Describe = Callable[[Film], Floats]
"""Films -> frame vectors (n, 4, d)."""


def alter(pictures: Bytes, seed: int) -> Bytes:
    """(n, h, w, 3) -> the same film in other colours, 70% of it, mirrored."""
    random = np.random.default_rng(seed)
    height, width = (round(0.7 * side) for side in pictures.shape[1:3])
    top = random.integers(0, pictures.shape[1] - height + 1)
    left = random.integers(0, pictures.shape[2] - width + 1)
    cut = pictures[:, top : top + height, left : left + width][:, :, ::-1]
    light = random.uniform(0.5, 1.5, 3)
    return np.clip(cut[..., [1, 2, 0]] * light, 0, 255).astype(np.uint8)


def whole(path: Path, count: int) -> Bytes:
    """(count, h, w, 3): whole pictures at equal distances, the short side at SHORT_SIDE."""
    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    wanted = ((np.arange(count) + 0.5) * frames / count).astype(int).tolist()
    with av.open(str(path)) as container:
        found = {
            index: scale(frame, SHORT_SIDE)
            for index, frame in enumerate(container.decode(video=0))
            if index in wanted
        }
    return np.stack([found[index] for index in wanted])


def cut(pictures: Bytes, resolution: int) -> Film:
    """(n, h, w, 3) -> the squares that the product would cut."""
    frames = [av.VideoFrame.from_ndarray(np.ascontiguousarray(p), "rgb24") for p in pictures]
    return np.stack([_squares(scale(frame, resolution), resolution) for frame in frames])


def _squares(small: Bytes, resolution: int) -> Bytes:
    return np.concatenate([square_crops(small, resolution, looks, 0) for looks in (LOOKS, 0)])


def actions(folder: Path, resolution: int, frames: int) -> tuple[list[Film], list[str]]:
    paths = sorted((folder / "actions_generated").rglob("*.mp4"))
    films = []
    for path in paths:
        by_looks = [
            sample_frames(path, SamplingPlan(frames, resolution, looks, exact_frames=True))
            for looks in (LOOKS, 0)
        ]
        parts = [
            one.frames.pixels.reshape(-1, max(looks, 1), resolution, resolution, 3)
            for one, looks in zip(by_looks, (LOOKS, 0), strict=True)
            if one is not None
        ]
        films.append(np.concatenate(parts, axis=1))
    return films, [path.parent.name for path in paths]


def segments(folder: Path, resolution: int) -> tuple[list[Film], list[Film]]:
    """Gallery and altered queries, two of each per file, in the order of the files."""
    gallery, queries = [], []
    for index, path in enumerate(sorted((folder / "misc").iterdir())):
        pictures = whole(path, PER_CLIP)
        parts = np.split(pictures, SEGMENTS)
        gallery += [cut(part, resolution) for part in parts[::2]]
        altered = [alter(parts[i], SEGMENTS * index + i) for i in range(1, SEGMENTS, 2)]
        queries += [cut(part, resolution) for part in altered]
    return gallery, queries


def vectors(
    films: Sequence[Floats],
    looks: Sequence[int],
    pooling: Sequence[str],
    own: Mapping[str, Pool] | None = None,
) -> Floats:
    """Frame vectors of each film, as (n, 4, d) -> what the product's build makes of them."""
    rows = []
    for film in films:
        frames = film[:, list(looks)].mean(axis=1)
        times = np.arange(len(frames), dtype=np.float32)
        rows.append(pool_parts(pooling, POOLINGS, frames, times, own))
    return center_parts([np.stack([row[i] for row in rows]) for i in range(len(pooling))])


def plain(films: Sequence[Floats]) -> Floats:
    """The bases: the mean of the centre's vectors, nothing taken away."""
    return unit_rows(np.stack([film[:, 1].mean(axis=0) for film in films]))


def same_class(rows: Floats, labels: Sequence[str]) -> float:
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -9)
    names = np.array(labels)
    return round(float((names[likeness.argmax(axis=1)] == names).mean()), 3)


def own_file(rows: Floats) -> float:
    """`rows`: the gallery, then as many queries, two of each file."""
    half = len(rows) // 2
    nearest = (rows[half:] @ rows[:half].T).argmax(axis=1)
    return round(float((nearest // 2 == np.arange(half) // 2).mean()), 3)


def histogram(film: Film) -> Floats:
    """(n, 4, 512) shares of 8 x 8 x 8 colours."""
    flat = film.reshape(*film.shape[:2], -1, 3).astype(np.int64) // 32
    codes = flat @ np.array([64, 8, 1])
    counts = [np.bincount(one, minlength=512) for one in codes.reshape(-1, codes.shape[-1])]
    return np.reshape(counts, (*film.shape[:2], 512)).astype(np.float32)


def through(encoder: FrameEncoder) -> Describe:
    def describe(film: Film) -> Floats:
        out = encoder.encode(np.ascontiguousarray(film.reshape(-1, *film.shape[2:])))
        return out.reshape(*film.shape[:2], -1)

    return describe


def described(name: str, describe: Describe, films: Films) -> Described:
    """Everything through one encoder, once."""
    clips, labels, gallery, queries = films
    seen = [describe(film) for film in clips], labels, [describe(f) for f in [*gallery, *queries]]
    print(f"{name}: encoded", file=sys.stderr, flush=True)
    return seen


def base(seen: Described) -> dict[str, float]:
    """Both searches with the plain mean of the centre."""
    clips, labels, parts = seen
    return {"actions": same_class(plain(clips), labels), "altered": own_file(plain(parts))}


def by_looks(seen: Described) -> dict[str, Any]:
    """Both searches with what the product's build makes of the frames."""
    clips, labels, parts = seen
    return {
        f"looks = {looks}": {
            "actions": same_class(vectors(clips, which, POOLING), labels),
            "altered": own_file(vectors(parts, which, POOLING)),
        }
        for looks, which in BY_LOOKS.items()
    }


def by_pooling(seen: Described, own: Mapping[str, Pool]) -> dict[str, Any]:
    """Both searches with other poolings over the whole pictures."""
    clips, labels, parts = seen
    found = {}
    for extra in ("attention", *own):
        for names in (("mean", "max", "motion", extra), (extra, "max", "motion")):
            rows = (vectors(films, BY_LOOKS["0"], names, own) for films in (clips, parts))
            actions, altered = rows
            found[f"pooling = {', '.join(names)}"] = {
                "actions": same_class(actions, labels),
                "altered": own_file(altered),
            }
    return found


def cost(describe: Describe, films: Films) -> dict[str, float]:
    """Processor time of one picture, on a few clips."""
    some = films[0][:8]
    start = time.process_time()
    for film in some:
        describe(film)
    pictures = sum(film.shape[0] * film.shape[1] for film in some)
    return {"processor_ms_per_picture": round(1000 * (time.process_time() - start) / pictures, 2)}


def trained(folder: Path, section: VideoSection, work: Path, seed: int) -> FrameEncoder:
    """`cnn` after it learnt from every file of the folder that it can read."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in ENDINGS)
    files = [
        CatalogueFile(str(path), str(path), digest_of_file(path), None, None) for path in paths
    ]
    context = Context(Processes(EngineSection()), work / "cache", LogProgress(), seed)
    footage = CatalogueFrames(
        files, section, context, work / "encoder", lambda: np.zeros((len(files), 0), np.float32)
    )
    encoder: FrameEncoder = ENCODERS.get("cnn")(section, footage, context)
    return encoder


ENDINGS = (".mp4", ".avi", ".mkv", ".webm", ".mov", ".MOV", ".ts", ".mpg", ".jpg")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    folder = options.data / "clips"
    pooling = (
        *POOLING,
        "transformer",
    )  # it is trained after the network, and changes nothing of it
    section = VideoSection(frames=options.frames, size=options.size, pooling=pooling)
    model = folder / "models" / "mobilenet_v2_imagenet.onnx"
    figures: dict[str, Any] = {}

    def at(resolution: int) -> Films:
        return *actions(folder, resolution, options.frames), *segments(folder, resolution)

    if "onnx" in options.encoders:
        onnx = ENCODERS.get("onnx")(section.model_copy(update={"model": str(model)}), None, None)
        films = at(onnx.resolution)
        figures["colour histogram, mean"] = base(described("histogram", histogram, films))
        seen = described("onnx", through(onnx), films)
        figures["onnx MobileNetV2, mean alone"] = base(seen)
        price = cost(through(onnx), films)
        figures["onnx MobileNetV2"] = {**by_looks(seen), **by_pooling(seen, {}), **price}
    if "cnn" in options.encoders:
        films = at(section.resolution)
        for seed in range(options.seeds):
            figures[f"cnn, seed {seed}"] = _cnn(folder, section, films, seed)
    return figures


def _cnn(folder: Path, section: VideoSection, films: Films, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as work:
        start = time.monotonic()
        encoder = trained(folder, section, Path(work), seed)
        seconds = round(time.monotonic() - start)
        seen = described("cnn", through(encoder), films)
        own: Mapping[str, Pool] = getattr(encoder, "poolings", {})
        found = {**by_looks(seen), **by_pooling(seen, own), **cost(through(encoder), films)}
    return {**found, "reading_and_training_seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/video_quality.json"))
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--encoders", nargs="+", default=["onnx", "cnn"])
    parser.add_argument("--size", default="small", choices=["small", "medium", "large"])
    parser.add_argument("--seeds", type=int, default=1, help="trainings of cnn")
    options = parser.parse_args()
    result = {
        "what": "nearest neighbours on real clips; chance is 0.13 (actions) and 0.036 (altered)",
        **made_by("bench.video_quality"),
        "python": platform.python_version(),
        "figures": measure(options),
    }
    tell(result, options.out)


if __name__ == "__main__":
    main()
