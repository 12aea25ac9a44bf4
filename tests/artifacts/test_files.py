"""What is written aside: whole in its place, or not there at all, whatever stood there before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from vireo.artifacts.files import atomic_path


def a_file(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


def a_folder(path: Path, content: str) -> None:
    path.mkdir()
    (path / content).write_text(content, encoding="utf-8")


def told(path: Path) -> str:
    """What `a_file` or `a_folder` put there."""
    if path.is_file():
        return path.read_text(encoding="utf-8")
    (only,) = path.iterdir()
    return only.name


Make = Callable[[Path, str], None]
BOTH = pytest.mark.parametrize("make", [a_file, a_folder])


@BOTH
def test_it_stands_there_when_the_block_ends_and_not_before(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    before = ""
    for content in ("first", "second"):
        with atomic_path(path) as temporary:
            make(temporary, content)
            assert temporary.name.startswith(".")
            assert temporary.name.endswith(".tmp")
            assert (told(path) if path.exists() else "") == before
        assert told(path) == content
        before = content
        assert list(tmp_path.iterdir()) == [path]


@BOTH
def test_what_fails_leaves_what_was_there_and_nothing_else(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    make(path, "first")
    with suppress(ZeroDivisionError), atomic_path(path) as temporary:
        make(temporary, "second")
        _ = 1 // 0
    assert told(path) == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "thing"):
        pass
    assert not list(tmp_path.iterdir())
