"""Erasure: counts without the user at once; after a purge no trace in any file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from tests.privacy.searching import traces
from vireo.arrays import Floats
from vireo.cli import app
from vireo.interest.base import Batch
from vireo.server.app import create_app
from vireo.server.keys import make_key
from vireo.serving.unlearning import without_users
from vireo.store.base import Key, LiveEvent, Preference, UserAttributes
from vireo.testing import TinyWorld
from vireo.workspace import Workspace

WHO, SAID = "the-one-who-left", "a sentence that only one viewer ever wrote"


def test_item_item_weights_are_as_if_fitted_without_the_viewer(built: Path) -> None:
    work = Workspace.open(built)
    cook = work.resources.online.queries.history("cook-02")  # shares videos with ana

    def score() -> Floats:
        served = work.resources.online
        batch = Batch([cook], served.snapshot.histories.now, served.snapshot.histories.n_videos)
        return served.snapshot.model.experts["ease"].score(batch)

    before = score()
    work.forget("ana")
    at_once = score()
    work.build()
    assert not np.allclose(before, at_once, atol=1e-6)
    assert np.allclose(at_once, score(), atol=1e-5)
    work.close()


def test_counts_are_without_the_viewer_at_once_as_after_a_build(built: Path) -> None:
    work = Workspace.open(built)
    before = work.resources.online.catalogue
    base = work.resources.snapshot()
    assert without_users(base, ["nobody"], 7.0) is base
    work.forget("ana")
    at_once = work.resources.online.catalogue
    assert (at_once.user_counts <= before.user_counts).all()
    assert at_once.user_counts.sum() < before.user_counts.sum()
    work.build()
    anew = work.resources.online.catalogue
    assert at_once.user_counts.tolist() == anew.user_counts.tolist()
    assert at_once.recent_counts.tolist() == anew.recent_counts.tolist()
    work.close()


def leave_traces(work: Workspace, folder: Path, world: TinyWorld) -> None:
    """Everything that can be held of a viewer, in tables, database, models, reports."""
    rows = [
        f"{WHO},{video},comment,2026-03-0{n + 1},{SAID}"
        for n, video in enumerate(world.sailing[:4])
    ]
    rows.append(f"{WHO},no-such-video,like,2026-03-09,")
    table = folder / "more.csv"
    table.write_text("user_id,video_id,event,timestamp,text\n" + "\n".join(rows) + "\n")
    work.ingest(events=table)
    moment = 1_775_000_000_000
    tag = (WHO, world.sailing[0])
    work.record([LiveEvent("e1", *tag, "comment", moment, text=SAID, session_id=f"s-{WHO}")])
    work.record([LiveEvent("e2", *tag, "impression", moment, request_id="r", rank=1)])
    work.resources.store.set_choices(WHO, {"query": SAID, "consent": {"research": True}})
    work.resources.store.set_users([UserAttributes(WHO, 40, "DE")])
    work.resources.store.add_preference(Preference(WHO, f"less {SAID}"))
    work.resources.store.add_key(Key("k1", "theirs", "viewer", WHO, "0" * 64, 1))
    work.build()
    work.save_report(work.evaluate("2026-03-01"))


def test_after_a_purge_no_file_and_no_table_names_the_viewer(
    built: Path, tmp_path: Path, world: TinyWorld
) -> None:
    work = Workspace.open(built)
    leave_traces(work, tmp_path, world)
    held = work.export(WHO)
    assert len(held["comments"]) == 4
    assert len(held["live_events"]) == 2
    kinds = {Path(where.split()[0]).parent.name for where in traces(built, WHO, SAID)}
    assert kinds, "nothing to find: the search would prove nothing"
    assert any("reports" in where or "data" in where for where in traces(built, WHO, SAID))
    work.close()
    told = CliRunner().invoke(app, ["forget", WHO, "--purge", "--json", "-w", str(built)])
    receipt = json.loads(told.stdout)
    assert receipt["live_events"] == 2
    assert receipt["source_rows"] == 5
    assert (receipt["preferences"], receipt["choices"], receipt["attributes"], receipt["keys"]) == (
        1,
        2,
        2,
        1,
    )
    assert receipt["artifacts_removed"] >= 3
    assert receipt["artifacts_pending"] == 0
    assert traces(built, WHO, SAID) == set()
    again = Workspace.open(built)
    assert again.export(WHO)["forgotten"] is True
    assert again.recommend("sam", 3)
    again.close()


def test_the_service_forgets_in_the_same_way(built: Path, tmp_path: Path, world: TinyWorld) -> None:
    work = Workspace.open(built)
    leave_traces(work, tmp_path, world)
    key, token = make_key("me", "owner", None, 1)
    work.resources.store.add_key(key)
    work.close()
    head = {"authorization": f"Bearer {token}"}
    with TestClient(create_app(Workspace.open(built)), headers=head) as client:
        shown = client.get(f"/v1/users/{WHO}/recommendations").json()
        assert shown["notes"] == []
        viewers = {v: client.get(f"/v1/videos/{v}").json() for v in world.sailing[:4]}
        receipt = client.delete(f"/v1/users/{WHO}").json()
        assert receipt["live_events"] == 2
        for video, before in viewers.items():
            now = client.get(f"/v1/videos/{video}").json()
            assert now.get("viewers", 0) in (before["viewers"] - 1, 0)
        for path in ("/v1/trending?k=50", "/metrics", "/v1/published"):
            answer = client.get(path).text
            assert WHO not in answer, path
            assert SAID not in answer, path
    work = Workspace.open(built)
    work.purge()
    work.close()
    assert traces(built, WHO, SAID) == set()
