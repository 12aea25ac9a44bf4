"""Custom topics: validation of the file, topics found in videos by their words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.language.world import context, tables, tiny_model, unseen
from vireo.arrays import unit_rows
from vireo.config import Config
from vireo.data.base import Tables
from vireo.errors import ConfigError
from vireo.language import VideoTexts
from vireo.pretraining.base import Checkpoint
from vireo.testing import tiny_world
from vireo.understanding.base import Understanding
from vireo.understanding.build import build
from vireo.understanding.custom_topics import (
    DEFAULT_FILE,
    FITS,
    NEAR,
    CustomTopic,
    TopicMatcher,
    assigned,
    read,
)
from vireo.workspace import Workspace

LIST = """\
# what this site is about
Baking: bread, sourdough starter
space:rocket ,  telescope, ,telescope

Old Norse
"""
TOPICS = (
    CustomTopic("Baking", ("bread", "sourdough starter")),
    CustomTopic("space", ("rocket", "telescope")),
    CustomTopic("Old Norse"),
)
ROWS = [
    {"video_id": "a", "title": "A loaf", "description": "Anna bakes two breads in Oslo."},
    {"video_id": "b", "title": "Night sky", "transcript": "A telescope finds 3 comets."},
    {"video_id": "c", "title": "Pots", "description": "A rocketeer breaded the pots."},
    {"video_id": "d"},
]


def wrote(folder: Path, text: str, name: str = DEFAULT_FILE) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_list_is_one_topic_a_line(tmp_path: Path) -> None:
    assert read(wrote(tmp_path, "\ufeff" + LIST), DEFAULT_FILE) == TOPICS
    assert read(wrote(tmp_path, LIST, "mine.list"), "mine.list") == TOPICS
    assert read(tmp_path, str(tmp_path / "mine.list")) == TOPICS


def test_without_a_list_there_are_no_listed_topics(tmp_path: Path) -> None:
    assert read(tmp_path, DEFAULT_FILE) == ()
    assert read(wrote(tmp_path, "# nothing yet\n\n"), DEFAULT_FILE) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb\nA: c", r"Line 3 .* names 'A' again, after line 1"),
        (": bread", "Line 1 .* names no topic"),
        ("x" * 61, "Line 1 .* names no topic"),
        ("\n".join(f"t{i}" for i in range(501)), "501 topics"),
    ],
)
def test_what_is_no_list_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(wrote(tmp_path, text), DEFAULT_FILE)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a file"):
        read(tmp_path, "mine.list")
    (tmp_path / "mine.list").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        read(tmp_path, "mine.list")


def test_a_topic_is_said_by_whole_words() -> None:
    says = TopicMatcher(TOPICS)
    assert says("He feeds the SOURDOUGH, starter.", "Baking")
    assert says("Three rockets", "space")
    assert not says("A rocketeer breaded the pots.", "space")
    assert not says("A rocketeer breaded the pots.", "Baking")
    assert not says("", "Old Norse")


def test_words_and_nearness_decide_and_records_claim_only_words() -> None:
    """Cosines are given: what is left is the rule."""
    ids = tuple("abcd")
    none = ("",) * 4
    texts = VideoTexts(ids, ("Bread", "Bread", "Nothing of it", ""), none, none, none, none)
    names = unit_rows(np.eye(3, dtype=np.float32))
    near = np.float32(NEAR + 0.05)
    videos = np.zeros((4, 3), dtype=np.float32)
    videos[0, 0] = FITS - 0.15  # a mention carries it over the bar
    videos[1, 0] = -0.9  # a mention alone does not
    videos[2, 1] = near  # nearness alone files it, and the record claims nothing
    of, told = assigned(TOPICS, texts, videos, names)
    assert of.tolist() == [0, -1, 1, -1]
    assert told == (("Baking",), (), (), ())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Understanding]:
    """With MiniLM."""
    inputs, cache = tables(ROWS), tmp_path_factory.mktemp("cache")
    heard = unseen(inputs, [("b", 7.0, "A telescope finds 3 comets.")])
    return inputs, build(
        inputs,
        heard,
        Checkpoint(None),
        Config().understanding,
        Config().language,
        context(cache),
        TOPICS,
    )


def test_a_build_with_a_list(made: tuple[Tables, Understanding]) -> None:
    _, understood = made
    assert understood.topics == ("Baking", "space", "Old Norse")
    assert [record.topics for record in understood.records] == [("Baking",), ("space",), (), ()]
    assert understood.topic_of.tolist()[:2] == [0, 1]
    assert understood.topic_of[3] == -1
    (bread,) = [s for s in understood.records[0].evidence if s.of == "topic"]
    assert (bread.topic, bread.source) == ("Baking", "description")
    assert bread.quote == "Anna bakes two breads in Oslo."
    (sky,) = [s for s in understood.records[1].evidence if s.of == "topic"]
    assert (sky.quote, sky.start, sky.end) == ("A telescope finds 3 comets.", 7.0, 8.0)
    assert understood.summary()["videos_by_topic"]["Baking"] == 1


def test_the_list_is_part_of_the_workspaces_recipe(tmp_path: Path) -> None:
    """The same list: nothing to do. Another line: built again. No list: as before."""
    world, model = tiny_world(tmp_path), tiny_model(tmp_path / "model")
    settings: dict[str, Any] = {
        "language": {"model": "hub", "path": str(model)},
        "pretraining": {"objective": "none"},
        "engine": {"name": "serial"},
    }
    work = Workspace.create(tmp_path / "work", config=Config.of(settings))
    work.ingest(world.videos, world.events)

    def understood() -> tuple[str, int]:
        result = work.build("understanding")[-1]
        return result.id, result.summary["topics"]

    plain, discovered = understood()
    wrote(tmp_path / "work", "cooking: pasta, soup, bread\nsailing: boat, yacht\n")
    listed, count = understood()
    assert count == 2
    assert listed != plain
    assert understood()[0] == listed
    wrote(tmp_path / "work", "# a remark\ncooking:pasta, soup, bread\nsailing: boat, yacht")
    assert understood()[0] == listed
    wrote(tmp_path / "work", "cooking: pasta, soup\nsailing: boat, yacht\n")
    assert understood()[0] not in (listed, plain)
    (tmp_path / "work" / DEFAULT_FILE).unlink()
    assert understood() == (plain, discovered)
