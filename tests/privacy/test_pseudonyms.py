"""Pseudonyms: nothing that is kept holds an id of a viewer, and everything works by the ids."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from tests.privacy.searching import traces
from vireo.cli import app
from vireo.config import Config
from vireo.errors import ConfigError
from vireo.privacy.pseudonymous_store import PseudonymousStore
from vireo.privacy.pseudonyms import KEY_FILE, Pseudonyms, make_key, read_key
from vireo.server.app import create_app
from vireo.server.keys import make_key as make_token
from vireo.store.base import LiveEvent, LiveVideo, Preference, Store, UserAttributes
from vireo.testing import TinyWorld
from vireo.workspace import Workspace

AT = "@people.example"
ANA, SAM = f"ana{AT}", f"sam{AT}"
MOMENT = 1_775_000_000_000
LIGHT = {
    "pretraining": {"objective": "none"},
    "engine": {"name": "serial"},
    "interest": {"experts": ["popularity", "recent-popularity", "ease", "content"]},
}


def made(world: TinyWorld, home: Path, *, pseudonyms: bool) -> Workspace:
    """The tiny world, its viewers called by addresses; one row in error, one restricted video."""
    home.mkdir()
    lines = world.events.read_text().splitlines()
    rows = [line.replace(",", f"{AT},", 1) for line in lines[1:]]
    # Refused rows: one without a video, one whose user stands in the wrong column.
    rows += [f"{ANA},,view,2026-03-09T00:00:00Z,5", f",{ANA},view,2026-03-09T00:00:00Z,5"]
    events = home / "events.csv"
    events.write_text("\n".join([lines[0], *rows]) + "\n")
    lines = world.videos.read_text().splitlines()
    opened = [f"{line}," for line in lines[1:]]
    secret = f"v-secret,Only for Ana,A private film.,60,user:{ANA}"
    videos = home / "videos.csv"
    videos.write_text("\n".join([f"{lines[0]},access", *opened, secret]) + "\n")
    users = home / "users.csv"
    users.write_text(f"user_id,age,groups\n{ANA},33,cooks\n")
    settings = {**LIGHT, "privacy": {"pseudonyms": pseudonyms}}
    work = Workspace.create(home / "workspace", config=Config.of(settings))
    work.ingest(videos, events, users=users)
    work.record([LiveEvent("e1", ANA, world.cooking[0], "comment", MOMENT, text="so good")])
    work.add_preference(SAM, "less cooking")
    work.resources.store.set_choices(ANA, {"consent": {"research": True}})
    work.resources.store.put_video(
        LiveVideo("v-live", title="Live", access=(f"user:{SAM}", "staff"))
    )
    work.build()
    return work


@pytest.fixture(scope="module")
def both(world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("names")
    for name, kept in (("plain", False), ("named", True)):
        made(world, home / name, pseudonyms=kept).close()
    return home / "plain" / "workspace", home / "named" / "workspace"


@pytest.fixture
def named(both: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(both[1], tmp_path / "workspace"))


def test_no_file_and_no_table_holds_an_id(
    both: tuple[Path, Path], named: Path, world: TinyWorld
) -> None:
    assert traces(both[0], AT), "nothing to find: the search would prove nothing"
    work = Workspace.open(named)
    work.save_report(work.evaluate("2026-03-01", save_split=named / "split.parquet"))
    key, token = make_token("hers", "viewer", ANA, 1)
    work.resources.store.add_key(key)
    owner, secret = make_token("me", "owner", None, 1)
    work.resources.store.add_key(owner)
    work.close()
    with TestClient(create_app(Workspace.open(named))) as client:
        mine, all_ = ({"authorization": f"Bearer {t}"} for t in (token, secret))
        sent = {"event_id": "e9", "user_id": ANA, "video_id": world.cooking[1], "event": "like"}
        assert client.post("/v1/events", json=sent, headers=mine).status_code == 202
        feedback = [{"FeedbackType": "star", "UserId": SAM, "ItemId": world.sailing[0]}]
        assert client.post("/api/feedback", json=feedback, headers=all_).status_code == 200
        told = {"age": 40, "groups": ["staff"]}
        assert client.put(f"/v1/users/{SAM}", json=told, headers=all_).status_code == 200
        wish = {"query": "boats", "add_preferences": [{"text": "less bread"}]}
        assert client.patch(f"/v1/users/{ANA}", json=wish, headers=mine).status_code == 200
    assert traces(named, AT) == set()


def test_lists_reasons_and_rights_are_those_of_the_plain_ids(both: tuple[Path, Path]) -> None:
    plain, named = (Workspace.open(path) for path in both)
    for user in (ANA, SAM, f"cook-07{AT}", f"nobody{AT}"):
        lists = [work.recommend(user, 8) for work in (plain, named)]
        assert [p.video_id for p in lists[0]] == [p.video_id for p in lists[1]]
        assert [p.reason for p in lists[0]] == [p.reason for p in lists[1]]
        assert lists[0].notes == lists[1].notes
    pages = [work.resources.online.about_user(ANA) for work in (plain, named)]
    assert pages[0] == pages[1]
    assert pages[1]["user_id"] == ANA
    for work in (plain, named):
        assert work.resources.online.allowed(ANA)[work.resources.online.queries.row("v-secret")]
        assert not work.resources.online.allowed(SAM)[work.resources.online.queries.row("v-secret")]
        assert work.resources.online.allowed(SAM)[work.resources.online.queries.row("v-live")]
        work.close()


def test_what_is_held_is_given_under_the_id_that_was_asked_for(both: tuple[Path, Path]) -> None:
    documents = []
    for path in both:
        work = Workspace.open(path)
        documents.append(work.export(ANA))
        work.close()
    assert documents[0] == documents[1]
    assert documents[1]["comments"] == []
    assert {event["user_id"] for event in documents[1]["live_events"]} == {ANA}


def test_a_viewers_key_opens_that_viewer_alone(named: Path) -> None:
    work = Workspace.open(named)
    key, token = make_token("hers", "viewer", ANA, 1)
    work.resources.store.add_key(key)
    names = work.resources.store.pseudonym_of(ANA)
    work.close()
    with TestClient(create_app(Workspace.open(named))) as client:
        head = {"authorization": f"Bearer {token}"}
        own = client.get(f"/v1/users/{ANA}/recommendations", headers=head)
        assert own.status_code == 200
        assert not any("new here" in note for note in own.json()["notes"])
        assert client.get(f"/v1/users/{names}/recommendations", headers=head).status_code == 200
        assert client.get(f"/v1/users/{SAM}", headers=head).status_code == 403
        held = client.get(f"/v1/users/{ANA}", headers=head).json()
        assert held["user_id"] == ANA
        assert len(held["events"]) > 5
        receipt = client.delete(f"/v1/users/{ANA}", headers=head).json()
        assert (receipt["live_events"], receipt["keys"]) == (1, 1)
        assert receipt["source_rows"] > 5


def test_forgetting_by_the_id_leaves_neither_the_id_nor_its_pseudonym(named: Path) -> None:
    work = Workspace.open(named)
    known_as = work.resources.store.pseudonym_of(ANA)
    work.close()
    assert traces(named, known_as)
    done = CliRunner().invoke(app, ["forget", ANA, "--purge", "-w", str(named)])
    assert done.exit_code == 0, done.output
    assert traces(named, known_as, AT) == set()
    again = Workspace.open(named)
    assert again.export(ANA)["forgotten"] is True
    assert again.record([LiveEvent("late", ANA, "v-1031", "view", MOMENT)]) == 0
    again.close()


def test_the_command_line_takes_ids_and_pseudonyms(named: Path) -> None:
    work = Workspace.open(named)
    known_as = work.resources.store.pseudonym_of(ANA)
    assert known_as in work.resources.online.users()
    work.close()
    run, where = CliRunner().invoke, ["-w", str(named)]
    shown = [run(app, ["show", who, "--json", *where]) for who in (ANA, known_as)]
    assert [one.exit_code for one in shown] == [0, 0]
    assert shown[0].stdout.replace(ANA, known_as) == shown[1].stdout
    assert run(app, ["prefer", ANA, "less bread", *where]).exit_code == 0
    assert "less bread" in run(app, ["prefer", known_as, *where]).stdout


def test_naming_twice_is_naming_once_and_keys_differ() -> None:
    one, other = Pseudonyms(b"1" * 32), Pseudonyms(b"2" * 32)
    name = one.of(ANA)
    assert one.of(name) == name
    assert other.of(ANA) != name
    assert other.of(name) != name  # of another key it is an id like any other
    assert one.of(name[:-1] + ("0" if name[-1] != "0" else "1")) != name
    assert one.groups(("staff", f"user:{ANA}", f"User:{ANA}")) == (
        "staff",
        f"user:{name}",
        f"User:{name}",
    )


def test_every_question_that_names_a_viewer_is_asked_by_the_pseudonym(tmp_path: Path) -> None:
    """Method by method: what goes in by the id is found by the id and by the pseudonym."""
    work = Workspace.create(
        tmp_path / "w", config=Config.of({"privacy": {"pseudonyms": True}, **LIGHT})
    )
    store = work.resources.store
    assert isinstance(store, PseudonymousStore)
    assert {n for n in dir(Store) if not n.startswith("_")} <= set(dir(store))
    store.append([LiveEvent("e", ANA, "v", "view", MOMENT)])
    store.set_users([UserAttributes(ANA, 50)])
    edit = store.add_preference(Preference(ANA, "less"))
    store.set_choices(ANA, {"consent": {"research": False}})
    name = store.pseudonym_of(ANA)
    for who in (ANA, name):
        assert [e.user_id for e in store.events_of(who)] == [name]
        assert store.user(who) == UserAttributes(name, 50)
        assert store.preferences_of(who) == [edit]
        assert store.choices(who) == {"consent": {"research": False}}
        assert store.user_state(who).events
    assert store.consent_answers("research") == {name: False}
    assert store.remove_preference(ANA, edit.number)
    assert store.forget(ANA) == 1
    assert store.is_forgotten(ANA)
    assert store.forgotten_among([ANA, SAM]) == {ANA}
    work.close()


def test_the_key_is_for_its_owner_alone(named: Path) -> None:
    key = named / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not traces(named, key.read_text().strip()) - {str(key)}
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="Others than its owner"):
        _ = Workspace.open(named).resources.store


def test_two_who_make_the_key_at_once_have_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    first = make_key(path)
    assert make_key(path) == first == read_key(path)
    assert list(path.parent.iterdir()) == [path]
    path.write_text("no key\n")
    with pytest.raises(ConfigError, match="holds no key"):
        read_key(path)


def test_a_lost_key_another_key_and_a_changed_setting_are_said(named: Path) -> None:
    key = named / KEY_FILE
    before = key.read_bytes()
    key.unlink()
    with pytest.raises(ConfigError, match="is missing"):
        _ = Workspace.open(named).resources.store
    assert not key.exists(), "a new key would make strangers of everybody"
    make_key(key)
    with pytest.raises(ConfigError, match="not the one by which"):
        _ = Workspace.open(named).resources.store
    key.write_bytes(before)
    Workspace.open(named).resources.store.close()
    toml = named / "vireo.toml"
    toml.write_text(toml.read_text().replace("pseudonyms = true", "pseudonyms = false"))
    with pytest.raises(ConfigError, match="under pseudonyms"):
        _ = Workspace.open(named).resources.store


def test_pseudonyms_that_come_too_late_are_refused(built: Path) -> None:
    toml = built / "vireo.toml"
    toml.write_text(toml.read_text().replace("# pseudonyms = false", "pseudonyms = true"))
    with pytest.raises(ConfigError, match="too late"):
        _ = Workspace.open(built).resources.store
    assert not (built / KEY_FILE).exists()
