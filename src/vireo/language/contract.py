"""Contract tests of text encoders, for subclasses in test files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from vireo.errors import VireoError
from vireo.language.base import LanguageModel

_ODD = [
    "",
    "  \n\t ",
    "nul \x00 inside",
    "\x00",
    "🎬🍿",
    "שלום עולם",
    "مرحبا بالعالم",
    "料理の動画",
    "[CLS] [SEP] [MASK]",
    "\ud800 half a pair",
    "word " * 3000,
    "x" * 5000,
]


class LanguageModelContract:
    """Base class: a subclass defines `make` and inherits the tests."""

    def make(self, cache: Path) -> LanguageModel:
        """The model under test, with its cache in `cache`."""
        raise NotImplementedError

    def test_gives_one_finite_row_per_text(self, tmp_path: Path) -> None:
        model = self.make(tmp_path)
        vectors = model.embed(_ODD)
        assert vectors.shape == (len(_ODD), model.dimension)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()

    def test_rows_have_length_one_or_are_zeros(self, tmp_path: Path) -> None:
        norms = np.linalg.norm(self.make(tmp_path).embed([*_ODD, "a plain sentence"]), axis=1)
        assert norms[0] == norms[1] == norms[3] == 0  # empty, white space, control characters
        assert np.isclose(norms[-1], 1, atol=1e-5)
        assert (np.isclose(norms, 0) | np.isclose(norms, 1, atol=1e-5)).all()

    def test_no_texts_give_no_rows(self, tmp_path: Path) -> None:
        model = self.make(tmp_path)
        assert model.embed([]).shape == (0, model.dimension)

    def test_the_same_text_gives_the_same_vector(self, tmp_path: Path) -> None:
        model = self.make(tmp_path)
        first = model.embed(["a red fox", "a long walk by the sea, at night", "a red fox"])
        assert np.array_equal(first[0], first[2])
        again = self.make(tmp_path / "elsewhere").embed(["a red fox"])
        assert float(first[0] @ again[0]) > 0.999  # companions in a batch: a matter of rounding
        assert float(first[0] @ first[1]) < 0.99

    def test_the_fingerprint_is_stable(self, tmp_path: Path) -> None:
        first, second = self.make(tmp_path), self.make(tmp_path)
        assert first.fingerprint
        assert first.fingerprint == second.fingerprint

    def test_it_writes_or_says_that_it_cannot(self, tmp_path: Path) -> None:
        model = self.make(tmp_path)
        if model.can_generate:
            assert model.generate("Say hello.")
            return
        with suppress(VireoError):
            model.generate("Say hello.")
            raise AssertionError("a model that cannot write must raise VireoError")
