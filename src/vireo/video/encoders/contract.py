"""FrameEncoderContract: tests of any frame encoder. Subclass it and override `encoder`."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bytes
from vireo.video.base import FrameEncoder


class FrameEncoderContract:
    """Contract tests of a FrameEncoder; `encoder` returns the one to test."""

    def encoder(self) -> FrameEncoder:
        raise NotImplementedError

    def test_shape_and_type(self) -> None:
        encoder = self.encoder()
        vectors = encoder.encode(sample_pixels(encoder.resolution))
        assert vectors.shape == (5, encoder.dimension)
        assert vectors.dtype == np.float32

    def test_finite_for_black_white_and_noise(self) -> None:
        encoder = self.encoder()
        assert np.isfinite(encoder.encode(sample_pixels(encoder.resolution))).all()

    def test_no_frames_give_no_vectors(self) -> None:
        encoder = self.encoder()
        empty = encoder.encode(sample_pixels(encoder.resolution)[:0])
        assert empty.shape == (0, encoder.dimension)

    def test_equal_pixels_give_equal_bytes(self) -> None:
        first, second = self.encoder(), self.encoder()
        pixels = sample_pixels(first.resolution)
        assert first.encode(pixels).tobytes() == second.encode(pixels).tobytes()
        assert first.fingerprint == second.fingerprint != ""

    def test_a_vector_does_not_depend_on_its_batch(self) -> None:
        encoder = self.encoder()
        pixels = sample_pixels(encoder.resolution)
        batched = encoder.encode(pixels)
        single = np.concatenate([encoder.encode(pixels[i : i + 1]) for i in range(len(pixels))])
        np.testing.assert_allclose(batched, single, rtol=1e-3, atol=1e-4)

    def test_different_frames_get_different_vectors(self) -> None:
        encoder = self.encoder()
        vectors = encoder.encode(sample_pixels(encoder.resolution))
        assert len(np.unique(vectors.round(5), axis=0)) > 1

    def test_encoding_does_not_modify_the_pixels(self) -> None:
        encoder = self.encoder()
        pixels = sample_pixels(encoder.resolution)
        encoder.encode(pixels)
        np.testing.assert_array_equal(pixels, sample_pixels(encoder.resolution))


def sample_pixels(resolution: int) -> Bytes:
    """(5, resolution, resolution, 3): black, white, noise, a ramp, stripes."""
    pixels = np.zeros((5, resolution, resolution, 3), np.uint8)
    pixels[1] = 255
    pixels[2] = np.random.default_rng(0).integers(0, 256, pixels[2].shape)
    pixels[3] = np.linspace(0, 255, resolution)[None, :, None]
    pixels[4, ::4, :, 0] = 200
    return pixels
