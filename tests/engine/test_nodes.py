"""Two Ray nodes on this machine, one killed in mid-run: the artefacts of the processes engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench.nodes import Nodes, nodes, ray_processes
from tests.engine.test_engines import wait_until
from tests.engine.work import note_and_wait
from tests.language.world import tiny_model
from vireo.arrays import Floats
from vireo.config import Config
from vireo.demo import make_world
from vireo.engine import ENGINES, EngineSection
from vireo.engine.base import Context
from vireo.engine.progress import NullProgress
from vireo.language import LanguageSection, cached_encoder, load
from vireo.language.encoder import Encoder
from vireo.workspace import Workspace

pytest.importorskip("ray", reason="the extra 'ray' is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture
def cluster() -> Iterator[Nodes]:
    before = set(ray_processes())
    with nodes() as two:
        yield two
    wait_until(lambda: not set(ray_processes()) - before)


def test_the_demo_loses_a_node_and_gives_the_same_artefacts(cluster: Nodes, tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", videos=24, users=20)
    expected = _build(tmp_path / "processes", {"name": "processes", "workers": 2}, world)
    killed: list[int] = []
    killer = threading.Thread(target=_kill_after, args=(cluster, tmp_path / "ray", 4, killed))
    killer.start()
    found = _build(tmp_path / "ray", {"name": "ray", "address": cluster.address}, world)
    killer.join()
    assert found == expected
    table = pl.read_parquet(
        next((tmp_path / "ray" / "artifacts" / "video").glob("*/table.parquet"))
    )
    assert table.height == 24
    assert table["video_id"].n_unique() == 24
    assert set(table["status"]) == {"ok"}


def test_a_node_that_joins_in_mid_run_is_used_and_one_that_dies_is_missed(
    cluster: Nodes, tmp_path: Path
) -> None:
    engine = ENGINES.get("ray")(EngineSection(name="ray", address=cluster.address))
    outcomes = engine.map(note_and_wait, [str(tmp_path)] * 60, timeout=60)
    values = [next(outcomes).value for _ in range(6)]
    cluster.kill()
    cluster.add()
    rest = list(outcomes)
    assert {outcome.kind for outcome in rest} == {"done"}
    assert len(values) + len(rest) == 60
    lost = [outcome for outcome in rest if outcome.failed_attempts]
    assert all("lost with a worker" in outcome.failed_attempts[0] for outcome in lost)
    assert len({*values, *(outcome.value for outcome in rest)}) == 3  # three workers took part


def test_texts_are_read_on_the_nodes_and_give_the_same_bytes(
    cluster: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_encoder, "_BLOCK_TEXTS", 8)
    tiny = tiny_model(tmp_path / "tiny")
    texts = [f"a talk of {row} about " + "the sea and its tides " * (row % 7) for row in range(60)]
    found: list[Floats] = []
    sent: list[int] = []
    for name, address in (("ray", cluster.address), ("processes", "")):
        engine = ENGINES.get(name)(EngineSection(name=name, address=address))
        context = Context(engine, tmp_path / name, NullProgress(), seed=0)
        model = load(LanguageSection(model="hub", path=str(tiny)), context)
        assert isinstance(model, Encoder)
        monkeypatch.setattr(model, "encode", _noted(model.encode, sent))
        found.append(model.embed(texts))
        assert len(sent) == (0 if name == "ray" else 8)  # nothing was read in this process
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(np.linalg.norm(found[0], axis=1), 1.0, atol=1e-5)


def _noted(encode: Callable[[Sequence[str]], Floats], sent: list[int]) -> Callable[..., Floats]:
    def noting(texts: Sequence[str]) -> Floats:
        sent.append(len(texts))
        return encode(texts)

    return noting


def _kill_after(cluster: Nodes, workspace: Path, files: int, killed: list[int]) -> None:
    """Kills a node when so many files were read, and notes how many were."""
    end = time.monotonic() + 240
    while len(found := list(workspace.glob("cache/video/*/*.safetensors"))) < files:
        if time.monotonic() > end:
            return
        time.sleep(0.02)
    cluster.kill()
    killed.append(len(found))


def _build(path: Path, engine: dict[str, object], world: object) -> dict[str, object]:
    """Stage -> what its manifest says of recipe and files."""
    config = Config.of({"pretraining": {"objective": "none"}, "engine": engine})
    work = Workspace.create(path, config=config)
    work.ingest(world.videos, world.events)  # type: ignore[attr-defined]
    results = work.build(until="understanding")
    work.close()
    return {
        result.stage: (result.id, json.loads(json.dumps(dict(result.manifest.files))))
        for result in results
    }
