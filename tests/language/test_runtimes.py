"""The same network on torch and on ONNX Runtime; anybody's ONNX file; a server of embeddings."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.language.generate.world import (
    Play,
    Served,
    floods,
    hangs_up,
    sends,
    serving,
    sleeps,
    trickles,
)
from tests.language.world import context, tiny_model
from vireo.errors import ConfigError, InputError, VireoError
from vireo.language import LanguageModel, LanguageSection, load, onnx_network
from vireo.language.contract import LanguageModelContract
from vireo.language.encoder import Encoder
from vireo.language.minilm import package_directory

TEXTS = ["How to bake bread", "A", "one two three " * 300, "Le caf\u00e9 cr\u00e8me", "\U0001f3ac"]
EXACT = LanguageSection(precision="float32")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def exported(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file with its tokenizer beside it."""
    home = tmp_path_factory.mktemp("exported")
    onnx_network.export(tiny, home / "model.onnx")
    for name in ("tokenizer.json", "config.json"):
        (home / name).write_bytes((tiny / name).read_bytes())
    return home / "model.onnx"


def _section(tiny: Path, **settings: Any) -> LanguageSection:
    return LanguageSection.model_validate(
        {"model": "hub", "path": str(tiny), "precision": "float32"} | settings
    )


def test_both_runtimes_give_the_same_vectors(tiny: Path, tmp_path: Path) -> None:
    one = load(_section(tiny, runtime="torch"), context(tmp_path / "torch"))
    other = load(_section(tiny, runtime="onnx"), context(tmp_path / "onnx"))
    a, b = one.embed(TEXTS), other.embed(TEXTS)
    assert list((tmp_path / "onnx" / "onnx").glob("*.onnx"))
    assert not (tmp_path / "torch" / "onnx").exists()
    assert (a * b).sum(1).min() > 0.99999
    assert one.fingerprint == other.fingerprint


def test_minilm_on_onnx_runtime_agrees_and_needs_no_torch(tmp_path: Path) -> None:
    exact = load(EXACT, context(tmp_path / "torch")).embed(TEXTS)
    section = EXACT.model_copy(update={"runtime": "onnx"})
    load(section, context(tmp_path / "onnx")).embed(["export it"])
    script = """
import json, sys
from pathlib import Path
from vireo.language import LanguageSection
from vireo.language.encoder import Encoder
from vireo.language.minilm import package_directory
made = Encoder(package_directory(), LanguageSection(precision="float32"), Path(sys.argv[1]))
vectors = made.embed(json.loads(sys.argv[2]))
heavy = ("torch", "transformers", "sentence_transformers", "onnx")
assert not [name for name in heavy if name in sys.modules], "something heavy was loaded"
print(json.dumps(vectors.tolist()))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "onnx"), json.dumps(TEXTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    light = np.array(json.loads(done.stdout), dtype=np.float32)
    assert (exact * light).sum(1).min() > 0.9999


def test_few_texts_are_not_worth_an_export_and_many_are(tiny: Path, tmp_path: Path) -> None:
    model = load(_section(tiny), context(tmp_path))
    model.embed([f"text {n}" for n in range(20)])
    assert not (tmp_path / "onnx").exists()
    model.embed([f"text {n}" for n in range(600)])
    assert list((tmp_path / "onnx").glob("*.onnx"))


def test_int8_is_another_model_whose_neighbours_are_mostly_the_same(tmp_path: Path) -> None:
    words = ["bread", "stars", "horses", "chess", "oceans", "jazz", "engines", "bees"]
    texts = [f"{how} {word}" for word in words for how in ("A film about", "Learn all of", "My")]
    exact = load(EXACT, context(tmp_path))
    small = load(EXACT.model_copy(update={"precision": "int8"}), context(tmp_path))
    assert small.fingerprint != exact.fingerprint
    a, b = exact.embed(texts), small.embed(texts)
    cosines = (a * b).sum(1)
    assert 0.9 < cosines.min() < 0.99999
    (file,) = (tmp_path / "onnx").glob("*int8.onnx")
    assert file.stat().st_size < 40e6  # a quarter of 90 MB, and the words
    nearest = []
    for vectors in (a, b):
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -1)
        nearest.append(scores.argsort(axis=1)[:, -2:])
    same = [len(set(x) & set(y)) / 2 for x, y in zip(*(n.tolist() for n in nearest), strict=True)]
    assert np.mean(same) > 0.8


class TestOnnxFile(LanguageModelContract):
    def make(self, cache: Path) -> LanguageModel:
        home = cache.parent / "file"
        if not home.exists():
            tiny = tiny_model(cache.parent / "of")
            onnx_network.export(tiny, home / "onnx" / "model.onnx")
            for name in ("tokenizer.json", "config.json"):
                (home / name).write_bytes((tiny / name).read_bytes())
        section = LanguageSection(model="onnx", path=str(home / "onnx" / "model.onnx"))
        return load(section, context(cache))


def test_a_file_that_gives_states_is_pooled(tiny: Path, tmp_path: Path) -> None:
    """The shape in which most files on Hugging Face come: three inputs, states of tokens."""
    import warnings

    import torch
    from transformers import AutoModel

    network = AutoModel.from_pretrained(tiny, attn_implementation="eager").eval()

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor
        ) -> torch.Tensor:
            out: torch.Tensor = self.network(
                input_ids=ids, attention_mask=mask, token_type_ids=kinds
            ).last_hidden_state
            return out

    ones = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            States().eval(),
            (ones, ones, torch.zeros_like(ones)),
            str(tmp_path / "states.onnx"),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes={name: {0: "b", 1: "t"} for name in [*names, "last_hidden_state"]},
            opset_version=17,
            dynamo=False,
        )
    (tmp_path / "tokenizer.json").write_bytes((tiny / "tokenizer.json").read_bytes())
    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    section = LanguageSection(model="onnx", path=str(tmp_path / "states.onnx"))
    made = load(section, context(tmp_path / "a"))
    assert made.dimension == 32
    known = load(_section(tiny), context(tmp_path / "b")).embed(TEXTS)
    assert (made.embed(TEXTS) * known).sum(1).min() > 0.9999


def test_what_is_no_text_encoder_is_refused(tmp_path: Path, exported: Path) -> None:
    there = context(tmp_path)
    with pytest.raises(ConfigError, match="path"):
        load(LanguageSection(model="onnx"), there)
    with pytest.raises(InputError, match="is no file"):
        load(LanguageSection(model="onnx", path=str(tmp_path / "absent.onnx")), there)
    (tmp_path / "alone.onnx").write_bytes(b"\0" * 64)
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        load(LanguageSection(model="onnx", path=str(tmp_path / "alone.onnx")), there)
    (tmp_path / "tokenizer.json").write_bytes((exported.parent / "tokenizer.json").read_bytes())
    broken = load(LanguageSection(model="onnx", path=str(tmp_path / "alone.onnx")), there)
    with pytest.raises(InputError, match="not a text encoder"):
        broken.embed(["a text"])


def test_a_file_with_too_little_room_says_what_to_set(exported: Path, tmp_path: Path) -> None:
    for name, path in (("model.onnx", exported), ("tokenizer.json", exported.parent)):
        source = path if path.is_file() else path / name
        (tmp_path / name).write_bytes(source.read_bytes())  # no config.json tells of 128 places
    made = load(LanguageSection(model="onnx", path=str(tmp_path / "model.onnx")), context(tmp_path))
    with pytest.raises(VireoError, match="256 tokens") as caught:
        made.embed(["word " * 3000])
    assert "max_tokens" in caught.value.hint


def embeds(model: LanguageModel) -> Play:
    """A server that really embeds what it is asked."""

    def play(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        vectors = model.embed(body["input"])
        # out of order, as the protocol allows
        data = [
            {"object": "embedding", "index": n, "embedding": (3 * vectors[n]).tolist()}
            for n in reversed(range(len(vectors)))
        ]
        sends(200, json.dumps({"object": "list", "data": data, "model": "m"}).encode())(
            handler, body
        )

    return play


def _at(served: Served, **settings: Any) -> LanguageSection:
    url = f"http://127.0.0.1:{served.port}/v1"
    quick = {"timeout_seconds": 20.0, "retries": 1} | settings
    return LanguageSection.model_validate(
        {"model": "openai", "base_url": url, "name": "all-minilm"} | quick
    )


def test_vectors_of_a_server_are_those_of_its_model(tmp_path: Path) -> None:
    own = Encoder(package_directory(), EXACT, tmp_path / "own")
    with serving(embeds(own)) as served:
        remote = load(_at(served), context(tmp_path / "remote"))
        assert remote.dimension == 384  # seen, not assumed
        texts = ["a red fox", "bread and butter", "", "\U0001f3ac", "x" * 5000]
        vectors = remote.embed(texts)
        asked = len(served.asked)
        assert (vectors[:2] * own.embed(texts[:2])).sum(1).min() > 0.9999
        assert not vectors[2].any()
        assert np.allclose(np.linalg.norm(vectors[[0, 1, 3, 4]], axis=1), 1, atol=1e-5)
        assert np.array_equal(remote.embed(texts), vectors)
        again = load(_at(served), context(tmp_path / "remote"))
        assert again.dimension == 384
        assert len(served.asked) == asked  # all of it was in the cache
        assert served.asked[0]["model"] == "all-minilm"
        assert not remote.can_generate


def test_a_long_text_is_sent_in_pieces(tiny: Path, tmp_path: Path) -> None:
    with serving(embeds(load(_section(tiny), context(tmp_path)))) as served:
        section = _at(served, max_tokens=16, max_chunks=3)
        text = " ".join(f"word{n}" for n in range(500))
        load(section, context(tmp_path / "a")).embed([text])
        first, middle, last = (
            piece for request in served.asked for piece in request["input"] if piece != "width"
        )
        assert text.startswith(first)
        assert len(first) == len(middle) == 64  # sixteen tokens of four characters
        assert middle in text[500:-500]
        assert text.endswith(last)


_SHORT = json.dumps({"data": [{"index": 0, "embedding": [1.0, 2.0]}]}).encode()
_INFINITE = b'{"data": [{"index": 0, "embedding": [1e999, 1]}]}'


@pytest.mark.parametrize(
    ("play", "settings", "why"),
    [
        (sends(429, b"{}", Retry_After="0"), {}, "429"),
        (sends(401, b"{}"), {}, "401"),
        (sends(500, b"out of memory"), {}, "500"),
        (sleeps, {"timeout_seconds": 0.3, "retries": 0}, "no reply within 0.3 s"),
        (trickles, {"timeout_seconds": 0.3, "retries": 0}, "no whole reply"),
        (floods, {"retries": 0}, "no embeddings"),
        (hangs_up, {"retries": 0}, "connection broke"),
        (sends(200, b"Sure! Here are your vectors."), {}, "no embeddings"),
        (sends(200, _INFINITE), {}, "finite"),
        (sends(200, b'{"data": []}'), {}, "no embeddings"),
    ],
)
def test_a_server_that_fails_is_told_with_its_reason(
    tmp_path: Path, play: Play, settings: dict[str, Any], why: str
) -> None:
    with serving(play) as served:
        remote = load(_at(served, **settings), context(tmp_path))
        with pytest.raises(VireoError, match=why) as caught:
            remote.embed(["a text"])
    assert "what was read is kept" in str(caught.value.hint)


def test_a_dead_server_is_told(tmp_path: Path) -> None:
    with serving(sends(200, _SHORT)) as served:
        section = _at(served, retries=0)
    with pytest.raises(VireoError, match="cannot be reached"):
        load(section, context(tmp_path)).embed(["a text"])


def test_a_server_that_changes_its_width_is_refused(tmp_path: Path) -> None:
    wide = json.dumps({"data": [{"index": 0, "embedding": [1.0, 2.0, 3.0]}]}).encode()
    with (
        serving(sends(200, _SHORT), sends(200, wide)) as served,
        pytest.raises(VireoError, match="3 numbers, before they had 2"),
    ):
        load(_at(served), context(tmp_path)).embed(["a text"])


def test_a_server_needs_an_address_and_a_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        load(LanguageSection(model="openai", name="m"), context(tmp_path))
