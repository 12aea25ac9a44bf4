"""Arrays out of safetensors files, each read once into the memory that it stays in.

The library's own reader maps the file and copies out of the map, so that for a moment everything is
in memory twice: with vectors of 100,000 videos that is half a gigabyte at the worst time.
"""

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
    """Arrays by name, of those whose name is selected, in the order of the file.

    Raises SafetensorError for a file that is none, or not whole.
    """
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
            bytes_of: Any = array.reshape(-1).view(np.uint8)
            file.seek(8 + size + entry["data_offsets"][0])
            if file.readinto(bytes_of) != array.nbytes:
                raise OSError(f"{path} ended early.")
            found[name] = array
    return found
