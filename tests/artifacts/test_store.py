"""Artefacts: complete or absent, found by recipe, verified by hash; the pointer moves and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from vireo.artifacts import ArtifactStore, Manifest, PublishedPointer
from vireo.errors import CorruptArtifact, InputError, NotBuilt


def write(artifacts: ArtifactStore, recipe: dict[str, object], text: str = "hello") -> Manifest:
    def save(directory: Path) -> None:
        (directory / "a.txt").write_text(text)
        (directory / "deep").mkdir()
        (directory / "deep" / "b.txt").write_text("b")

    return artifacts.write("stage", recipe, save, {"n": 1}, 0.5, 1)


def test_written_then_found_by_the_same_recipe_whatever_its_order(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    made = write(artifacts, {"b": 2, "a": 1})
    found = artifacts.find("stage", artifacts.id_of({"a": 1, "b": 2}))
    assert found is not None
    assert found.content() == made.content()
    assert set(found.files) == {"a.txt", "deep/b.txt"}
    assert artifacts.find("stage", artifacts.id_of({"a": 1})) is None


def test_content_of_parts_changes_only_with_those_parts(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    one, two = write(artifacts, {"n": 1}, "x"), write(artifacts, {"n": 2}, "y")
    assert one.content(("b",)) == two.content(("b",))
    assert one.content(("a",)) != two.content(("a",))
    assert one.content() != two.content()


def test_a_failing_save_leaves_nothing_and_what_a_kill_leaves_is_swept(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)

    def save(directory: Path) -> None:
        (directory / "half.txt").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        artifacts.write("stage", {"n": 1}, save, {}, 0, 1)
    assert artifacts.all() == []
    assert not list((tmp_path / "stage").iterdir())
    (tmp_path / "stage" / ".killed.123-4.tmp").mkdir()
    made = write(artifacts, {"n": 1})
    assert list((tmp_path / "stage").iterdir()) == [made.directory]


@pytest.mark.parametrize("damage", ["shorter", "missing", "manifest"])
def test_a_damaged_artefact_is_not_found_and_is_made_again(tmp_path: Path, damage: str) -> None:
    artifacts = ArtifactStore(tmp_path)
    made = write(artifacts, {"n": 1})
    path = made.directory / ("manifest.json" if damage == "manifest" else "a.txt")
    if damage == "missing":
        path.unlink()
    else:
        path.write_text("h")
    assert artifacts.find("stage", made.id) is None
    again = write(artifacts, {"n": 1})
    assert again.id == made.id
    artifacts.verify(again)


def test_verify_reads_every_byte(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    made = write(artifacts, {"n": 1})
    (made.directory / "a.txt").write_text("jello")
    assert artifacts.find("stage", made.id) is not None  # same size: only verify can tell
    with pytest.raises(CorruptArtifact, match=r"a\.txt"):
        artifacts.verify(made)


def test_publish_and_roll_back(tmp_path: Path) -> None:
    live = PublishedPointer(tmp_path / "live.json")
    with pytest.raises(NotBuilt):
        live.current()
    assert live.publish({"data": "1"})
    assert not live.publish({"data": "1"})
    with pytest.raises(InputError):
        live.rollback()
    live.publish({"data": "2"})
    assert live.rollback() == {"data": "1"}
    assert live.current() == {"data": "1"}


@pytest.mark.parametrize(
    "text",
    ["{ half", '{"current": 5}', '{"current": {"stages": 1}, "earlier": []}', '{"earlier": [3]}'],
)
def test_a_damaged_pointer_is_an_error_and_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "live.json"
    path.write_text(text)
    with pytest.raises(CorruptArtifact, match="vireo build"):
        PublishedPointer(path).current()
    with pytest.raises(CorruptArtifact):
        PublishedPointer(path).publish({"data": "1"})
    assert path.read_text() == text


def test_a_manifest_that_says_too_little_is_no_artefact(tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    made = write(artifacts, {"n": 1})
    (made.directory / "manifest.json").write_text('{"format": 1}')
    assert artifacts.find("stage", made.id) is None
    assert artifacts.damaged() == [made.directory]
    write(artifacts, {"n": 1})
    assert artifacts.damaged() == []
