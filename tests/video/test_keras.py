"""Keras and TensorFlow models come through ONNX: one is made, exported and run; skipped without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vireo.video.encoders.contract import sample_pixels
from vireo.video.encoders.onnx import OnnxEncoder

EXPORT = """
import sys
import numpy as np
import keras

keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.layers.Input((32, 32, 3)),
    keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(5),
])
pixels = np.load(sys.argv[1] + "/pixels.npy")
np.save(sys.argv[1] + "/theirs.npy", model.predict(pixels / 127.5 - 1, verbose=0))
model.export(sys.argv[1] + "/model.onnx", format="onnx", verbose=False)
"""


@pytest.mark.slow
def test_a_keras_model_gives_its_own_vectors_through_onnx(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")
    np.save(tmp_path / "pixels.npy", sample_pixels(32))
    # in a process of its own: TensorFlow beside torch is a matter of luck
    subprocess.run([sys.executable, "-c", EXPORT, str(tmp_path)], check=True, timeout=300)
    encoder = OnnxEncoder(tmp_path / "model.onnx")
    assert (encoder.resolution, encoder.dimension) == (32, 5)
    theirs = np.load(tmp_path / "theirs.npy")
    np.testing.assert_allclose(encoder.encode(sample_pixels(32)), theirs, rtol=1e-3, atol=1e-4)
