"""A workspace made by version 0.1.0 keeps its data; its artifacts are built again."""

from __future__ import annotations

import sqlite3
import tarfile
from pathlib import Path

import pytest

from vireo import Workspace
from vireo.errors import ConfigError, OutdatedArtifact

OLD = Path(__file__).parent / "data" / "workspace-0.1.0.tar.gz"
"""12 users with 3 events each over 8 videos, made by the commit before the renames."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "ws"


def with_new_names(workspace: Path) -> Path:
    toml = workspace / "vireo.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('"new-videos"', '"new-video-quota"'), encoding="utf-8")
    return workspace


def test_every_old_name_that_sets_something_is_answered_with_the_new_one(old: Path) -> None:
    toml = old / "vireo.toml"
    text = toml.read_text(encoding="utf-8").replace("[video.words]", "[video.words]\nminutes = 5")
    toml.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Workspace.open(old)
    assert "'new-videos' is now 'new-video-quota'" in caught.value.what
    assert "'video.words.minutes' is now 'video.text.max_minutes'" in caught.value.what


def test_old_artifacts_are_refused_with_the_command_that_makes_them(old: Path) -> None:
    workspace = Workspace.open(with_new_names(old))
    with pytest.raises(OutdatedArtifact, match="vireo build"):
        workspace.recommend("u0")


def test_tables_events_consent_and_preferences_are_kept(old: Path) -> None:
    workspace = Workspace.open(with_new_names(old))
    assert all(result.built for result in workspace.build())
    held = workspace.export("u0")
    assert held["choices"] == {"query": "boats on the sea", "consent": {"research": False}}
    assert [one["text"] for one in held["preferences"]] == ["less soup"]
    assert [one["event_id"] for one in held["live_events"]] == ["e1"]
    assert len(held["events"]) == 3
    assert workspace.export("u1")["attributes"]["age"] == 34
    assert workspace.export("u11")["forgotten"], "forgotten before, forgotten now"
    assert "u11" not in [row["user_id"] for row in workspace.rows("users")]
    assert "boats on the sea" in workspace.recommend("u0")[0].reason
    workspace.close()
    tables = set(sqlite3.connect(old / "vireo.db").execute("select name from sqlite_master"))
    assert {("vireo_users",), ("vireo_preferences",)} <= tables
    assert not {("vireo_viewers",), ("vireo_edits",)} & tables
