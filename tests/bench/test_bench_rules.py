"""The bench follows the rules of the code: short files with a docstring; no pickle, no eval."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bench

FOLDER = Path(bench.__file__).parent
FILES = sorted(path for path in FOLDER.rglob("*.py") if ".work" not in path.parts)
OURS = [path for path in FILES if "adapters" not in path.parts]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 320


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_nothing_is_unpickled_or_evaluated(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        assert not names & {"pickle", "joblib", "shelve", "marshal"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}
        if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False
