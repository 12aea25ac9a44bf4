"""The films are real: they decode, and their topics differ in picture and in sound."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np

from tests.demo.conftest import Made
from vireo.arrays import Doubles
from vireo.demo.catalogue import plan_films
from vireo.demo.film import cues, encode, srt
from vireo.demo.scenes import SCENES
from vireo.demo.sounds import SOUNDS
from vireo.demo.vocabulary import TOPICS, vocabulary


def test_every_file_decodes_to_picture_sound_and_the_planned_words(made: Made) -> None:
    inside = 0
    for row in made.videos.iter_rows(named=True):
        with av.open(str(made.directory / row["path"])) as file:
            codecs = sorted(stream.codec_context.name for stream in file.streams)
            assert codecs[:2] == ["aac", "h264"]
            frames = sum(1 for _ in file.decode(video=0))
        assert abs(frames / 10 - row["duration"]) < 0.11
        with av.open(str(made.directory / row["path"])) as file:
            samples = sum(frame.samples for frame in file.decode(audio=0))
        assert abs(samples / 16_000 - row["duration"]) < 0.2
        inside += "mov_text" in codecs
        assert not (row["subtitles"] and "mov_text" in codecs)
    assert inside > 6


def test_embedded_subtitles_say_what_was_planned(made: Made) -> None:
    film = next(film for film in plan_films(0, 24) if film.dialogue and not film.sidecar)
    with av.open(str(made.directory / film.path)) as file:
        samples = [bytes(packet) for packet in file.demux(file.streams.subtitles[0])]
    texts = [sample[2:].decode() for sample in samples if len(sample) > 2]
    assert tuple(texts) == film.dialogue


def test_sidecar_files_hold_the_planned_lines_in_order_of_time(made: Made) -> None:
    film = next(film for film in plan_films(0, 24) if film.subtitles)
    text = (made.directory / film.subtitles).read_text(encoding="utf-8")
    assert text == srt(cues(film))
    lines = cues(film)
    assert [line[2] for line in lines] == list(film.dialogue)
    edges = [edge for start, end, _ in lines for edge in (start, end)]
    assert edges == sorted(edges)
    assert edges[-1] <= film.seconds * 1000
    assert text.startswith("1\n00:00:00,100 --> ")


def test_the_same_plan_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    film = plan_films(0, 24)[3]
    encode(film, tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == (made.directory / film.path).read_bytes()


def test_another_seed_gives_another_film(made: Made, tmp_path: Path) -> None:
    film = plan_films(1, 24)[0]
    encode(film, tmp_path / "other.mp4")
    assert all(
        (tmp_path / "other.mp4").read_bytes() != clip.read_bytes()
        for clip in made.directory.glob("clips/*.mp4")
    )


def test_every_topic_has_a_scene_a_sound_and_enough_words() -> None:
    assert len(TOPICS) == 12
    assert set(SCENES) == set(SOUNDS) == set(TOPICS)
    titles = [title for topic in TOPICS for title, _ in vocabulary(topic).films]
    assert len(titles) == len(set(titles)) >= 72
    for topic in TOPICS:
        words = vocabulary(topic)
        assert min(len(words.tags), len(words.sentences), len(words.comments)) >= 5


def test_pictures_of_one_topic_are_nearer_to_each_other_than_to_the_rest(made: Made) -> None:
    same, other = _distances(made, _colors)
    assert same < 0.6 * other


def test_sounds_of_one_topic_are_nearer_to_each_other_than_to_the_rest(made: Made) -> None:
    same, other = _distances(made, _spectrum)
    assert same < 0.6 * other


def _distances(made: Made, look) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Mean distance of two videos of the same topic, and of different topics."""
    topics = json.loads(made.truth.read_text())["topics"]
    seen = {name: look(made.directory / "clips" / f"{name}.mp4") for name in topics}
    pairs = [(a, b) for a in topics for b in topics if a < b]
    same = [_apart(seen[a], seen[b]) for a, b in pairs if topics[a] == topics[b]]
    other = [_apart(seen[a], seen[b]) for a, b in pairs if topics[a] != topics[b]]
    return float(np.mean(same)), float(np.mean(other))


def _apart(one: Doubles, two: Doubles) -> float:
    return float(np.abs(one - two).sum())


def _colors(path: Path) -> Doubles:
    """Shares of 64 colors over the frames of a file. (64,)"""
    with av.open(str(path)) as file:
        images = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)][::10]
    frames = np.stack(images).astype(np.int64).reshape(-1, 3)
    cells = frames // 64 @ np.array([16, 4, 1])
    shares: Doubles = np.bincount(cells, minlength=64) / len(cells)
    return shares


def _spectrum(path: Path) -> Doubles:
    """Shares of the loudness in 40 bands up to 8 kHz. (40,)"""
    with av.open(str(path)) as file:
        samples = np.concatenate([f.to_ndarray()[0] for f in file.decode(audio=0)])
    loud = np.abs(np.fft.rfft(samples))
    hertz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    edges = np.geomspace(40, 8000, 41)
    bands = np.histogram(hertz, bins=edges, weights=loud)[0]
    shares: Doubles = bands / bands.sum()
    return shares
