"""Arrays equal those of the safetensors library; truncated files are rejected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vireo.artifacts.tensor_files import read_arrays

ARRAYS = {
    "wide": np.arange(12, dtype=np.float32).reshape(3, 4) / 7,
    "none": np.zeros((0, 5), dtype=np.float64),
    "flags": np.array([True, False, True]),
    "rows": np.array([2**40, -1]),
    "small": np.array([1.5, -2.0], dtype=np.float16),
    "alone": np.array(3.25, dtype=np.float32),
}


def test_arrays_equal_those_of_the_library(tmp_path: Path) -> None:
    save_file(ARRAYS, tmp_path / "some.safetensors", metadata={"note": "x"})
    mine, theirs = (read(tmp_path / "some.safetensors") for read in (read_arrays, load_file))
    assert mine.keys() == theirs.keys()
    for name, array in theirs.items():
        assert (mine[name].dtype, mine[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(mine[name], array)
        assert mine[name].flags.writeable


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    save_file(ARRAYS, tmp_path / "some.safetensors")
    found = read_arrays(tmp_path / "some.safetensors", lambda name: name.startswith("s"))
    assert list(found) == ["small"]


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file(ARRAYS, path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SafetensorError):
        read_arrays(path)
