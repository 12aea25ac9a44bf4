"""Frame encoder `onnx`: any image model in a file, through ONNX Runtime, without torch.

The input is x / 127.5 - 1 by default. A file `model.json` or `model.onnx.json` beside `model.onnx`
changes this: pixels are multiplied by `scale`, `mean` is subtracted, and the difference is divided
by `std`; e.g.
{"scale": 0.00392, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
"layout": "NCHW", "channels": "RGB", "output": "pooled", "resolution": 224}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from vireo.arrays import Bytes, Floats
from vireo.artifacts.files import digest_of_json
from vireo.engine.base import Context
from vireo.errors import InputError
from vireo.settings import Section
from vireo.video.base import TrainingFrames, VideoSection
from vireo.video.encoders.fingerprint import digest_of_weights

BATCH = 16
DEFAULT_RESOLUTION = 224
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


class OnnxDescription(Section):
    """Preprocessing and output of an ONNX model."""

    scale: float = 1 / 127.5
    mean: tuple[float, ...] = (1.0,)
    std: tuple[float, ...] = (1.0,)
    layout: Literal["NCHW", "NHWC"] | None = None
    channels: Literal["RGB", "BGR"] = "RGB"
    output: str | None = None
    resolution: int | None = None


class OnnxEncoder:
    """ONNX image model; feature maps and tokens are averaged to one vector per frame."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._description = _read_description(path)
        self._session = _session(path, threads)
        (self._input, *_) = self._session.get_inputs()
        shape = list(self._input.shape)
        if len(shape) != 4 or self._input.type not in _TYPES:
            raise InputError(
                f"{path} is no image model: its input is {self._input.type} {shape}.",
                "Give a model with one image input of four dimensions.",
            )
        self._channels_last = self._description.layout == "NHWC" or (
            self._description.layout is None and shape[3] in (1, 3) and shape[1] not in (1, 3)
        )
        side = shape[1] if self._channels_last else shape[2]
        fixed = side if isinstance(side, int) else None
        self.resolution = fixed or self._description.resolution or DEFAULT_RESOLUTION
        self._batch = shape[0] if isinstance(shape[0], int) else BATCH
        self._output = self._output_name(path)
        self.fingerprint = digest_of_json(["onnx", threads, digest_of_weights(path)])[:16]
        black = np.zeros((1, self.resolution, self.resolution, 3), np.uint8)
        self.dimension = self._run(black).shape[1]

    def encode(self, pixels: Bytes) -> Floats:
        """(n, resolution, resolution, 3) uint8 RGB -> (n, dimension) float32."""
        starts = range(0, len(pixels), self._batch)
        parts = [self._run(pixels[start : start + self._batch]) for start in starts]
        return np.concatenate([np.zeros((0, self.dimension), np.float32), *parts])

    def _run(self, pixels: Bytes) -> Floats:
        """One batch; for a model of fixed batch size it is padded."""
        missing = self._batch - len(pixels) if self._batch != BATCH else 0
        padded = np.concatenate([pixels, np.repeat(pixels[-1:], missing, axis=0)])
        (out,) = self._session.run([self._output], {self._input.name: self._prepare(padded)})
        return self._pooled(np.asarray(out, np.float32))[: len(pixels)]

    def _prepare(self, pixels: Bytes) -> NDArray[Any]:
        if self._description.channels == "BGR":
            pixels = pixels[..., ::-1]
        kind = _TYPES[self._input.type]
        values: NDArray[Any] = pixels
        if kind is not np.uint8:
            mean = np.array(self._description.mean, np.float32)
            std = np.array(self._description.std, np.float32)
            values = (pixels.astype(np.float32) * np.float32(self._description.scale) - mean) / std
        ordered = values if self._channels_last else values.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(ordered, dtype=kind)

    def _pooled(self, out: Floats) -> Floats:
        """(n, d), (n, tokens, d) or feature maps -> (n, d)."""
        if out.ndim == 3:
            out = out.mean(axis=1)
        elif out.ndim == 4:
            out = out.mean(axis=(1, 2) if self._channels_last else (2, 3))
        return out.reshape(len(out), -1)

    def _output_name(self, path: Path) -> str:
        """The output of the description, else `embedding`, else the first of two dimensions."""
        shapes: dict[str, int] = {
            output.name: len(output.shape or []) for output in self._session.get_outputs()
        }
        if self._description.output is not None:
            if self._description.output in shapes:
                return self._description.output
            raise InputError(
                f"{path} has no output '{self._description.output}'.",
                f"Name one of: {', '.join(shapes)}.",
            )
        if "embedding" in shapes:
            return "embedding"
        flat = [name for name, dimensions in shapes.items() if dimensions == 2]
        return flat[0] if flat else next(iter(shapes))


def provide(section: VideoSection, frames: TrainingFrames, context: Context) -> OnnxEncoder:
    """The model file of `section.model`. Raises InputError."""
    if not section.model or not Path(section.model).is_file():
        raise InputError(
            f"The encoder 'onnx' needs a model file; there is none at '{section.model}'.",
            'Set video.model = "path/to/model.onnx" in vireo.toml.',
        )
    return OnnxEncoder(Path(section.model), section.threads)


def _read_description(model: Path) -> OnnxDescription:
    paths = (model.with_name(model.name + ".json"), model.with_suffix(".json"))
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return OnnxDescription()
    try:
        return OnnxDescription.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, ValidationError) as error:
        raise InputError(
            f"The description {path} cannot be used: {error}",
            f"Known keys: {', '.join(OnnxDescription.model_fields)}.",
        ) from None


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads  # the last digits depend on it
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for each kind of damage
        raise InputError(
            f"{path} is no ONNX model that can be loaded: {str(error).splitlines()[0]}",
            "Export the model again, or choose another encoder.",
        ) from None
