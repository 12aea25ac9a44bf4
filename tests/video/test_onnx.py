"""ONNX models by file: tiny ones whose arithmetic is known, and a real one on real photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.real_data import data_folder
from vireo.engine import Context, NullProgress
from vireo.engine.base import EngineSection
from vireo.engine.serial import Serial
from vireo.errors import InputError
from vireo.video import VideoSection
from vireo.video.encoders.contract import FrameEncoderContract, sample_pixels
from vireo.video.encoders.onnx import OnnxEncoder, provide
from vireo.video.frames import sample_frames
from vireo.video.sampling import SamplingPlan


def write_model(
    path: Path,
    shape: list[Any],
    *,
    axes: tuple[int, ...] = (2, 3),
    kind: int = TensorProto.FLOAT,
    output: str = "pooled",
) -> Path:
    """A model that averages the image over `axes`, and one more output with the feature map."""
    nodes = [
        helper.make_node("Cast", ["image"], ["map"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["map", "axes"], [output], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("image", kind, shape)],
        [
            helper.make_tensor_value_info("map", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info(output, TensorProto.FLOAT, [shape[0], 3]),
        ],
        [helper.make_tensor("axes", TensorProto.INT64, [len(axes)], axes)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path


class TestOnnxContract(FrameEncoderContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def encoder(self) -> OnnxEncoder:
        return OnnxEncoder(write_model(self.folder / "a.onnx", ["n", 3, 32, 32]))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        (["n", 3, 32, 32], (2, 3)),
        (["n", 3, "h", "w"], (2, 3)),
        (["n", 32, 32, 3], (1, 2)),
        ([2, 3, 32, 32], (2, 3)),
        ([1, 32, 32, 3], (1, 2)),
    ],
)
def test_layouts_and_batch_sizes(tmp_path: Path, shape: list[Any], axes: tuple[int, ...]) -> None:
    encoder = OnnxEncoder(write_model(tmp_path / "a.onnx", shape, axes=axes))
    assert encoder.resolution == (32 if 32 in shape else 224)
    pixels = sample_pixels(encoder.resolution)
    expected = pixels.astype(np.float64).mean((1, 2)) / 127.5 - 1
    np.testing.assert_allclose(encoder.encode(pixels), expected, atol=1e-4)


def test_the_description_beside_the_model_is_obeyed(tmp_path: Path) -> None:
    path = write_model(tmp_path / "a.onnx", ["n", 3, "h", "w"])
    plain = OnnxEncoder(path)
    about = {
        "scale": 1 / 255,
        "mean": [0.1, 0.2, 0.3],
        "std": [0.5, 0.25, 0.125],
        "channels": "BGR",
        "resolution": 40,
    }
    (tmp_path / "a.json").write_text(json.dumps(about))
    encoder = OnnxEncoder(path)
    assert encoder.resolution == 40
    assert encoder.fingerprint != plain.fingerprint
    pixels = sample_pixels(40)
    means = pixels[..., ::-1].astype(np.float64).mean((1, 2)) / 255
    expected = (means - [0.1, 0.2, 0.3]) / [0.5, 0.25, 0.125]
    np.testing.assert_allclose(encoder.encode(pixels), expected, atol=1e-4)


def test_an_output_can_be_named_and_maps_are_averaged(tmp_path: Path) -> None:
    path = write_model(tmp_path / "a.onnx", ["n", 3, 16, 16])
    pooled = OnnxEncoder(path).encode(sample_pixels(16))
    (tmp_path / "a.onnx.json").write_text('{"output": "map"}')
    np.testing.assert_allclose(OnnxEncoder(path).encode(sample_pixels(16)), pooled, atol=1e-5)
    (tmp_path / "a.onnx.json").write_text('{"output": "missing"}')
    with pytest.raises(InputError, match="no output 'missing'"):
        OnnxEncoder(path)


def test_whole_numbers_are_not_normalised(tmp_path: Path) -> None:
    path = write_model(tmp_path / "a.onnx", ["n", 3, 16, 16], kind=TensorProto.UINT8)
    expected = sample_pixels(16).astype(np.float64).mean((1, 2))
    np.testing.assert_allclose(OnnxEncoder(path).encode(sample_pixels(16)), expected, rtol=1e-4)


def test_what_is_no_model_says_so(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), 0)
    for model in ("", str(tmp_path / "none.onnx"), str(tmp_path)):
        with pytest.raises(InputError, match="needs a model file"):
            provide(VideoSection(model=model), None, context)  # type: ignore[arg-type]
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match="no ONNX model"):
        OnnxEncoder(tmp_path / "bad.onnx")
    path = write_model(tmp_path / "flat.onnx", ["n", 3], axes=(1,))
    with pytest.raises(InputError, match="no image model"):
        OnnxEncoder(path)
    good = write_model(tmp_path / "a.onnx", ["n", 3, 16, 16])
    (tmp_path / "a.json").write_text('{"menas": 3}')
    with pytest.raises(InputError, match="cannot be used"):
        OnnxEncoder(good)


def test_mobilenet_knows_what_is_on_real_photos(tmp_path: Path) -> None:
    folder = data_folder("clips")
    source = folder / "models" / "mobilenet_v2_imagenet.onnx"
    labels = (folder / "models" / "imagenet_labels.txt").read_text().splitlines()
    assert OnnxEncoder(source).dimension == 1280
    path = tmp_path / "model.onnx"
    path.symlink_to(source)
    (tmp_path / "model.json").write_text('{"output": "logits"}')
    encoder = OnnxEncoder(path)
    found = {}
    for name in ("cat_720p", "fox", "hot_dog"):
        photo = sample_frames(
            folder / "photos" / f"{name}.jpg", SamplingPlan(1, encoder.resolution)
        )
        assert photo is not None
        found[name] = labels[int(encoder.encode(photo.frames.pixels)[0].argmax())]
    assert "cat" in found["cat_720p"]
    assert "fox" in found["fox"]
    assert "hotdog" in found["hot_dog"]
