"""What the bench of video speed reads: clips drawn here, and the loops of other readers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 30
OTHERS = {
    "opencv": """
import cv2, sys, time
cv2.setNumThreads(1)
def read(path, count, side):
    film = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    total = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = [int((i + .5) * total / count) for i in range(count)]
    out, at = [], 0
    for want in wanted:
        while at <= want: film.grab(); at += 1
        frame = film.retrieve()[1]; h, w = frame.shape[:2]
        out.append(cv2.resize(frame, (round(w * side / h), side))[..., ::-1])
    return out
""",
    "decord": """
import decord, sys, time
def read(path, count, side):
    film = decord.VideoReader(path, num_threads=1, height=side, width=round(side * 16 / 9))
    wanted = [int((i + .5) * len(film) / count) for i in range(count)]
    return film.get_batch(wanted).asnumpy()
""",
}
"""Each reads the same 16 frames, one thread, scaled the same."""
TIMED = """
best = 1e9
for _ in range(3):
    start = time.perf_counter()
    for path in sys.argv[1:]: read(path, 16, 224)
    best = min(best, time.perf_counter() - start)
print(best / len(sys.argv[1:]))
"""


def draw(path: Path, seconds: float, seed: int, size: tuple[int, int] = (640, 360)) -> Path:
    """An H.264 clip of soft shapes that move, a key frame every two seconds, B-frames between.

    A clip that is there already is taken as it is.
    """
    if path.is_file():
        return path
    random = np.random.default_rng(seed)
    tiles = random.integers(0, 255, (size[1] // 20 + 1, size[0] // 20 + 1, 3)).astype(np.uint8)
    picture = np.kron(tiles, np.ones((20, 20, 1), np.uint8))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.gop_size = 2 * RATE
        stream.options = {"preset": "veryfast"}
        for index in range(round(seconds * RATE)):
            moved = np.roll(picture, (index // 3, index), (0, 1))[: size[1], : size[0]]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(moved), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
