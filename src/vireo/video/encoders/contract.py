"""FrameEncoderContract: what every encoder promises; subclass it, name `encoder`, run pytest."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bytes
from vireo.video.base import FrameEncoder


class FrameEncoderContract:
    """Tests for any FrameEncoder: override `encoder` to return the one to test."""

    def encoder(self) -> FrameEncoder:
        raise NotImplementedError

    def test_shape_and_type(self) -> None:
        encoder = self.encoder()
        vectors = encoder.encode(pictures(encoder.resolution))
        assert vectors.shape == (5, encoder.dimension)
        assert vectors.dtype == np.float32

    def test_finite_for_black_white_and_noise(self) -> None:
        encoder = self.encoder()
        assert np.isfinite(encoder.encode(pictures(encoder.resolution))).all()

    def test_no_pictures_no_vectors(self) -> None:
        encoder = self.encoder()
        none = encoder.encode(pictures(encoder.resolution)[:0])
        assert none.shape == (0, encoder.dimension)

    def test_the_same_pictures_give_the_same_bytes(self) -> None:
        first, second = self.encoder(), self.encoder()
        pixels = pictures(first.resolution)
        assert first.encode(pixels).tobytes() == second.encode(pixels).tobytes()
        assert first.fingerprint == second.fingerprint != ""

    def test_a_picture_does_not_depend_on_its_neighbours(self) -> None:
        encoder = self.encoder()
        pixels = pictures(encoder.resolution)
        together = encoder.encode(pixels)
        alone = np.concatenate([encoder.encode(pixels[i : i + 1]) for i in range(len(pixels))])
        np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)

    def test_different_pictures_differ(self) -> None:
        encoder = self.encoder()
        vectors = encoder.encode(pictures(encoder.resolution))
        assert len(np.unique(vectors.round(5), axis=0)) > 1

    def test_the_pictures_are_not_changed(self) -> None:
        encoder = self.encoder()
        pixels = pictures(encoder.resolution)
        encoder.encode(pixels)
        np.testing.assert_array_equal(pixels, pictures(encoder.resolution))


def pictures(resolution: int) -> Bytes:
    """(5, resolution, resolution, 3): black, white, noise, a ramp, stripes."""
    pixels = np.zeros((5, resolution, resolution, 3), np.uint8)
    pixels[1] = 255
    pixels[2] = np.random.default_rng(0).integers(0, 256, pixels[2].shape)
    pixels[3] = np.linspace(0, 255, resolution)[None, :, None]
    pixels[4, ::4, :, 0] = 200
    return pixels
