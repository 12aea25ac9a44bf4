"""A video file of a film: H.264 pictures, AAC sound, embedded or separate subtitles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bytes
from vireo.demo.base import Film
from vireo.demo.canvas import HEIGHT, WIDTH, Canvas
from vireo.demo.scenes import SCENES
from vireo.demo.sounds import sound_of
from vireo.demo.synth import RATE

if TYPE_CHECKING:
    from av.container import OutputContainer

FRAMES_PER_SECOND = 10
MILLISECONDS = Fraction(1, 1000)
# The mov_text encoder does not open without a style sheet, even though packets come ready-made.
STYLES = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
    "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, "
    "Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
    "Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
Cue = tuple[int, int, str]
"""Start and end in milliseconds, text."""


@dataclass(frozen=True)
class Render:
    """Renders films into a directory; picklable, so that any engine can spread the work."""

    directory: str

    def __call__(self, film: Film) -> str:
        """Write the film's files, each under its final name only when it is complete."""
        base = Path(self.directory)
        if film.subtitles:
            put(base / film.subtitles, srt(cues(film)).encode())
        target = base / film.path
        part = target.with_name(f".{target.name}.part")
        encode(film, part)
        part.replace(target)
        return film.path


def put(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def encode(film: Film, path: Path) -> None:
    """Draw, synthesize and write one film; the same plan gives the same bytes."""
    import av

    inside = bool(film.dialogue) and not film.sidecar
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        picture = container.add_stream(
            "libx264",
            rate=FRAMES_PER_SECOND,
            # one thread: with more, the bytes depend on the machine
            options={"preset": "ultrafast", "crf": "23", "threads": "1", "g": "20"},
        )
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        sound.bit_rate = 48_000
        words = container.add_stream("mov_text") if inside else None
        if words is not None:
            words.codec_context.subtitle_header = STYLES.encode()
        for number, pixels in enumerate(_frames(film)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        samples = sound_of(film.topic, np.random.default_rng([*film.seed, 2]), film.seconds)
        heard = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        heard.rate, heard.pts = RATE, 0
        container.mux(sound.encode(heard))
        container.mux(sound.encode(None))
        if words is not None:
            _write_cues(container, words, cues(film))


def _frames(film: Film) -> Iterator[Bytes]:
    canvas = Canvas()
    draw = SCENES[film.topic](np.random.default_rng([*film.seed, 1]))
    for number in range(round(film.seconds * FRAMES_PER_SECOND)):
        draw(canvas, number / FRAMES_PER_SECOND)
        yield canvas.image()


def cues(film: Film) -> list[Cue]:
    """The dialogue, spread evenly over the film."""
    if not film.dialogue:
        return []
    step = 1000 * film.seconds / len(film.dialogue)
    return [
        (int(n * step + 100), int((n + 1) * step - 50), text)
        for n, text in enumerate(film.dialogue)
    ]


def _write_cues(container: OutputContainer, stream: object, lines: list[Cue]) -> None:
    from av import Packet

    for start, end, text in lines:
        content = text.encode()
        # a mov_text sample is the length of the text in two bytes, then the text
        packet = Packet(len(content).to_bytes(2, "big") + content)
        packet.stream = stream  # type: ignore[assignment]
        packet.time_base = MILLISECONDS
        packet.pts = packet.dts = start
        packet.duration = end - start
        container.mux(packet)


def srt(lines: list[Cue]) -> str:
    """The text of a SubRip file."""
    blocks = [
        f"{n}\n{_clock(start)} --> {_clock(end)}\n{text}\n"
        for n, (start, end, text) in enumerate(lines, 1)
    ]
    return "\n".join(blocks)


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"
