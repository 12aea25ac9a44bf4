"""Where the real data sets lie, for the tests that use them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_folder(name: str) -> Path:
    """The folder of one data set; skips the test, by name, where it is absent."""
    base = Path(os.environ.get("VIREO_DATA", ROOT.parent / "shared" / "data"))
    folder = base / name
    if not folder.exists():
        pytest.skip(f"the data set '{name}' is not at {folder} (set VIREO_DATA)")
    return folder
