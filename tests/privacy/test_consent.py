"""Consent, purpose by purpose: who does not agree is not measured, and not told of elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vireo.config import Config
from vireo.privacy.base import Consent
from vireo.workspace import CONFIG, Workspace


@pytest.mark.parametrize("assumed", [True, False])
def test_silence_means_what_the_settings_say(assumed: bool) -> None:
    consent = Consent({"ana": False, "bo": True}, assumed)
    assert "ana" not in consent
    assert "bo" in consent
    assert ("cy" in consent) == assumed
    table = pl.DataFrame({"user_id": ["ana", "bo", "cy", None]})
    kept = ["bo", "cy", None] if assumed else ["bo", None]
    assert consent.of(table)["user_id"].to_list() == kept


def test_who_refuses_research_is_not_evaluated(built: Path, tmp_path: Path) -> None:
    with_all = _evaluated(built, tmp_path / "all.parquet")
    users, split, told = with_all
    gone = users[0]
    work = Workspace.open(built)
    work.resources.store.set_choices(gone, {"consent": {"research": False}})
    work.close()
    left, smaller, said = _evaluated(built, tmp_path / "left.parquet")
    assert set(left) == set(users) - {gone}
    assert said["users"] == told["users"] - 1
    assert said["events_without_consent"] == 1
    assert gone in set(split["user_id"])
    assert gone not in set(smaller["user_id"]), "a split's file is for research, too"
    assert "events_without_consent" not in told


def test_where_silence_is_a_no_only_who_agreed_is_evaluated(built: Path, tmp_path: Path) -> None:
    users, _, _ = _evaluated(built, tmp_path / "all.parquet")
    text = (built / CONFIG).read_text(encoding="utf-8")
    strict = text.replace("[privacy]", '[privacy]\ndefault_consent = ["personal_lists"]')
    (built / CONFIG).write_text(strict, encoding="utf-8")
    work = Workspace.open(built)
    agreed = users[:7]
    for user in agreed:
        work.resources.store.set_choices(user, {"consent": {"research": True}})
    work.close()
    left, _, _ = _evaluated(built, tmp_path / "left.parquet")
    assert left == agreed


def _evaluated(built: Path, split: Path) -> tuple[list[str], pl.DataFrame, dict[str, Any]]:
    """Users of the report, the split's file, the protocol."""
    work = Workspace.open(built)
    report = work.evaluate(protocol="leave-one-out", systems=["popularity"], save_split=split)
    work.close()
    return list(report.users), pl.read_parquet(split), dict(report.protocol)


@pytest.mark.parametrize("user", ["ana", None])
def test_lists_say_whether_the_viewer_agreed_to_models_elsewhere(
    built: Path, user: str | None
) -> None:
    work = Workspace.open(built)
    assert not work.resources.online.queries.query(user, 5).remote, "silence is a no"
    if user is not None:
        work.resources.store.set_choices(user, {"consent": {"remote_models": True}})
        assert work.resources.online.queries.query(user, 5).remote
    work.close()
    text = (built / CONFIG).read_text(encoding="utf-8")
    every = '[privacy]\ndefault_consent = ["personal_lists", "research", "remote_models"]'
    (built / CONFIG).write_text(text.replace("[privacy]", every), encoding="utf-8")
    work = Workspace.open(built)
    assert work.resources.online.queries.query(user, 5).remote
    if user is not None:
        work.resources.store.set_choices(user, {"consent": {"remote_models": False}})
        assert not work.resources.online.queries.query(user, 5).remote
    work.close()


def test_the_defaults_assume_nothing_of_models_elsewhere() -> None:
    assert "remote_models" not in Config().privacy.default_consent
