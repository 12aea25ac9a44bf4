"""Arrays of safetensors files, read without the second copy that the library's reader makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

_KINDS = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I32": np.int32,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}


def read_arrays(
    path: Path, selected: Callable[[str], bool] = lambda _: True
) -> dict[str, NDArray[Any]]:
    """Arrays with selected names, in file order; raises SafetensorError for an invalid file."""
    with safe_open(path, "np"):  # compares the header with the file's length
        pass
    found = {}
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header.pop("__metadata__", None)
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            if not selected(name):
                continue
            array = np.empty(entry["shape"], dtype=_KINDS[entry["dtype"]])
            buffer: Any = array.reshape(-1).view(np.uint8)
            file.seek(8 + size + entry["data_offsets"][0])
            if file.readinto(buffer) != array.nbytes:
                raise OSError(f"{path} ended early.")
            found[name] = array
    return found
