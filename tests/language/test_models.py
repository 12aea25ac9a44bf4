"""The models: their contract, an independent implementation, odd and long texts, the cache."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.language.world import context, tiny_model
from vireo.arrays import Bools, Floats, Ints
from vireo.errors import ConfigError, InputError, VireoError
from vireo.language import LanguageModel, LanguageSection, LocalWeights, load, precision
from vireo.language.contract import LanguageModelContract
from vireo.language.encoder import Encoder
from vireo.language.minilm import package_directory


class TestMiniLM(LanguageModelContract):
    def make(self, cache: Path) -> LanguageModel:
        return load(LanguageSection(), context(cache))


class TestHub(LanguageModelContract):
    def make(self, cache: Path) -> LanguageModel:
        directory = cache.parent / "tiny-model"
        if not directory.exists():
            tiny_model(directory)
        return load(LanguageSection(model="hub", path=str(directory)), context(cache))


EXACT = LanguageSection(precision="float32")


class Spy(Encoder):
    """Counts the batches that reach the network."""

    batches = 0

    def run(self, ids: Ints, mask: Bools) -> Floats:
        self.batches += 1
        return super().run(ids, mask)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


def test_agrees_with_sentence_transformers(tmp_path: Path) -> None:
    texts = [
        "How to bake sourdough bread",
        "A",
        "Grand Prix highlights: overtakes, crashes, and the podium!",
        "Le café crème à Zürich, 10€",
        "word " * 150,
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # their warnings are not under test
        library = pytest.importorskip("sentence_transformers")
        theirs = library.SentenceTransformer(str(package_directory()), device="cpu").encode(
            texts, normalize_embeddings=True
        )
    ours = load(EXACT, context(tmp_path / "exact")).embed(texts)
    assert np.abs(ours - theirs).max() < 1e-4
    half = load(LanguageSection(precision="bfloat16"), context(tmp_path / "half")).embed(texts)
    assert half.dtype == np.float32
    assert np.allclose(np.linalg.norm(half, axis=1), 1, atol=1e-5)
    assert (half * theirs).sum(axis=1).min() > 0.999


def test_the_processor_decides_and_each_precision_has_its_own_vectors(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "cpuinfo"
    for flags, expected in (("fpu amx_bf16 amx_tile", "bfloat16"), ("fpu avx2", "float32")):
        told.write_text(f"flags : {flags}\n")
        monkeypatch.setattr(precision, "_CPU", told)
        precision._has_units.cache_clear()
        assert precision.resolved("auto") == expected
        assert precision.resolved("float32") == "float32"
    precision._has_units.cache_clear()
    half = Encoder(tiny, LanguageSection(precision="bfloat16"), tmp_path)
    assert half.fingerprint != Encoder(tiny, EXACT, tmp_path).fingerprint


def test_nothing_is_embedded_twice(tmp_path: Path, tiny: Path) -> None:
    texts = ["one", "two words", "", "one", "three words here"]
    first = Spy(tiny, LanguageSection(), tmp_path)
    vectors = first.embed(texts)
    assert first.batches > 0
    second = Spy(tiny, LanguageSection(), tmp_path)
    assert np.array_equal(second.embed(texts[::-1]), vectors[::-1])
    assert second.batches == 0
    second.embed([*texts, "a new one"])
    assert second.batches == 1


def test_another_model_or_length_has_its_own_vectors(tmp_path: Path, tiny: Path) -> None:
    other = tiny_model(tmp_path / "wider", hidden=48)
    a = Encoder(tiny, LanguageSection(), tmp_path)
    b = Encoder(tiny, LanguageSection(max_tokens=32), tmp_path)
    c = Encoder(other, LanguageSection(), tmp_path)
    assert len({a.fingerprint, b.fingerprint, c.fingerprint}) == 3
    text = ["the same words " * 30]
    assert not np.allclose(a.embed(text), b.embed(text), atol=1e-4)
    assert c.embed(text).shape == (1, 48)


def test_a_cache_file_that_is_no_database_is_replaced(tmp_path: Path, tiny: Path) -> None:
    (tmp_path / "vectors.sqlite").write_bytes(b"not a database at all" * 100)
    assert Encoder(tiny, LanguageSection(), tmp_path).embed(["text"]).any()


def test_batches_change_no_vector(tmp_path: Path, tiny: Path) -> None:
    texts = [" ".join(f"word{i}" for i in range(n)) for n in (1, 40, 7, 90, 3, 25, 60)]
    wide = Encoder(
        tiny, LanguageSection(batch_tokens=10_000, precision="float32"), tmp_path / "a"
    ).embed(texts)
    narrow = Encoder(
        tiny, LanguageSection(batch_tokens=1, precision="float32"), tmp_path / "b"
    ).embed(texts)
    assert np.allclose(wide, narrow, atol=1e-5)


def test_a_long_text_is_the_mean_of_its_chunks(tmp_path: Path, tiny: Path) -> None:
    encoder = Encoder(tiny, LanguageSection(max_tokens=32, precision="float32"), tmp_path)
    words = ["sea"] * 30 + ["land"] * 30  # 60 tokens: chunks of 30 words, 27 apart
    parts = encoder.embed([" ".join(words[:30]), " ".join(words[27:57]), " ".join(words[54:])])
    mean = parts[0] * 32 + parts[1] * 32 + parts[2] * 8
    whole = encoder.embed([" ".join(words)])[0]
    assert np.allclose(whole, mean / np.linalg.norm(mean), atol=1e-5)


def test_ten_megabytes_of_text(tmp_path: Path, tiny: Path) -> None:
    spy = Spy(tiny, LanguageSection(), tmp_path)
    assert np.isclose(np.linalg.norm(spy.embed(["lorem ipsum " * 900_000])), 1, atol=1e-5)
    assert spy.batches <= 2  # sixteen chunks of 128 tokens


def test_words_that_spell_special_tokens_stay_words(tmp_path: Path) -> None:
    model = load(LanguageSection(), context(tmp_path))
    plain, sneaky = model.embed(["a film", "a film [SEP] [PAD] [MASK]"])
    assert not np.allclose(plain, sneaky, atol=1e-3)


def test_tuned_weights_replace_the_base(tmp_path: Path, tiny: Path) -> None:
    model = load(LanguageSection(), context(tmp_path), tiny)
    assert model.dimension == 32
    assert isinstance(model, LocalWeights)
    assert model.directory == tiny


def test_what_is_no_model_is_refused_with_a_reason(tmp_path: Path) -> None:
    there = context(tmp_path)
    with pytest.raises(ConfigError, match="path"):
        load(LanguageSection(model="hub"), there)
    with pytest.raises(InputError, match=r"config\.json is missing"):
        load(LanguageSection(model="hub", path=str(tmp_path)), there)
    with pytest.raises(InputError, match="no directory"):
        load(LanguageSection(model="hub", path=str(tmp_path / "absent")), there)
    with pytest.raises(InputError, match="not a directory"):
        load(LanguageSection(), there, tmp_path / "absent")
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (broken / name).write_bytes((package_directory() / name).read_bytes())
    with pytest.raises(InputError, match="safetensors"):
        load(LanguageSection(), there, broken)
    (broken / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(VireoError, match="not a language model"):
        load(LanguageSection(), there, broken).embed(["text"])
    (broken / "config.json").write_text("{}")
    with pytest.raises(InputError, match="hidden_size"):
        load(LanguageSection(), there, broken)
