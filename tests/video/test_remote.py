"""Files by URL: over http, from memory and by file://; failed downloads are reported."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from tests.video.clips import RED, plain, write_clip
from tests.video.test_build import CONFIG, made, row
from vireo.config import Config
from vireo.data.base import DataSection, Tables
from vireo.data.file_hashes import with_digests
from vireo.data.readers import ReadRequest
from vireo.data.readers.table import read
from vireo.data.remote import CannotFetch, identity, local
from vireo.engine import EngineSection, NullProgress
from vireo.engine.processes import Processes
from vireo.video.encoders import contrastive_training


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a server of tmp_path/site."""
    pytest.importorskip("aiohttp", reason="aiohttp (extra `remote`) is not installed")
    (tmp_path / "site").mkdir()
    serve = partial(_Silent, directory=str(tmp_path / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), serve)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def tables_of(folder: Path, **urls: str) -> Tables:
    """As the stage `data` makes them of a table with URLs."""
    lines = [f"{video_id},{url}" for video_id, url in urls.items()]
    (folder / "videos.csv").write_text("\n".join(["id,url", *lines]) + "\n")
    request = ReadRequest(folder / "videos.csv", None, DataSection(remote=True), 0)
    tables = read(request)
    media = with_digests(tables.media, folder / "cache", NullProgress())
    return Tables({"videos": tables.videos, "media": media})


def test_files_over_http_are_seen_like_files_on_disk(
    tmp_path: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    path = write_clip(tmp_path / "site" / "red.mp4", plain(RED), tone=300)
    tables = tables_of(tmp_path, far=f"{site}/red.mp4", near=path.as_uri(), gone=f"{site}/none.mp4")
    features = made(tables, tmp_path, engine=Processes(EngineSection(workers=2)))
    far, near, gone = (row(features, name) for name in ("far", "near", "gone"))
    assert far["status"] == near["status"] == "ok"
    same = ("duration", "width", "height", "frames", "loudness")
    assert [far[name] for name in same] == [near[name] for name in same]
    assert (features.picture[0] == features.picture[1]).all()
    assert gone["status"] == "failed"
    assert gone["reason"] == f"no file can be downloaded from the URL: {site}/none.mp4"
    assert not list(tmp_path.glob("vireo-*"))  # downloads are deleted
    again = made(tables, tmp_path)
    assert (again.info["opened"], again.info["encoded"]) == ("0", "0")


def test_another_content_is_another_identity(tmp_path: Path, site: str) -> None:
    path = tmp_path / "site" / "a.mp4"
    path.write_bytes(b"one")
    before = identity(f"{site}/a.mp4")
    assert before is not None
    assert identity(f"{site}/a.mp4") == before
    path.write_bytes(b"two")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert identity(f"{site}/a.mp4") not in (before, None)
    assert identity(f"{site}/b.mp4") is None
    assert identity("unknown-scheme://a.mp4") is None


def test_what_lies_in_memory_is_read_by_the_engine_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    path = write_clip(tmp_path / "red.mp4", plain(RED))
    with fsspec.open("memory://folder/red.mp4", "wb") as file:
        file.write(path.read_bytes())
    features = made(tables_of(tmp_path, red="memory://folder/red.mp4"), tmp_path)
    assert row(features, "red")["status"] == "ok"


def test_a_file_that_is_too_large_costs_its_own_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    path = write_clip(tmp_path / "red.mp4", plain(RED))
    (tmp_path / "large.mp4").write_bytes(path.read_bytes() + bytes(1_100_000))
    video = {**CONFIG.video.model_dump(), "max_download_mb": 1}
    urls = {name: (tmp_path / f"{name}.mp4").as_uri() for name in ("red", "large")}
    features = made(tables_of(tmp_path, **urls), tmp_path, Config.of({"video": video}))
    assert row(features, "red")["status"] == "ok"
    assert row(features, "large")["status"] == "failed"
    assert row(features, "large")["reason"].endswith("is larger than 1 MB (video.max_download_mb)")


def test_a_file_that_vanished_after_ingest_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CannotFetch, match="cannot be fetched"), local("memory://none.mp4", 10):
        pass
    with local(str(tmp_path), 10) as path:
        assert path == tmp_path  # local paths stay as they are


def test_without_the_setting_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("id,url\na,http://127.0.0.1:9/a.mp4\n")
    tables = read(ReadRequest(tmp_path / "v.csv", None, DataSection(), 0))
    assert tables.media.is_empty()
    assert "nothing is downloaded" in " ".join(tables.counts["videos"].notes)
