"""Variants: viewers keep theirs, its settings hold, the live difference is the known one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.server.conftest import Serve
from vireo.cli import app
from vireo.config import Config, as_toml
from vireo.errors import ConfigError, InputError
from vireo.evaluation.online_experiments import compare_live
from vireo.serving.experiments import CONTROL, settings_of, variant_names, variant_of
from vireo.store.base import Experiment, LiveEvent, Store, StoreSection
from vireo.store.sql import open_store
from vireo.workspace import CONFIG, Workspace

TRIED = {"server": {"experiment": "spring", "variants": {"short": {"k": 3, "diversity": 0.9}}}}
TOML = """
[server]
experiment = "spring"
[server.variants.short]
k = 3
diversity = 0.9
"""


def trying(workspace: Path) -> Path:
    """The same workspace, with an experiment in its config."""
    text = (workspace / CONFIG).read_text(encoding="utf-8")
    (workspace / CONFIG).write_text(text.replace("[server]", TOML, 1), encoding="utf-8")
    return workspace


def test_viewers_are_dealt_out_evenly_and_for_good() -> None:
    names = ("control", "one", "two")
    dealt = [variant_of(f"u{n}", "spring", names) for n in range(3000)]
    counts = Counter(dealt)
    assert set(counts) == set(names)
    assert min(counts.values()) > 900
    assert dealt == [variant_of(f"u{n}", "spring", names) for n in range(3000)]
    anew = [variant_of(f"u{n}", "autumn", names) for n in range(3000)]
    same = sum(a == b for a, b in zip(dealt, anew, strict=True))
    assert 900 < same < 1100, "another name deals anew"
    assert variant_of("ana", "spring", ()) == ""


def test_a_variant_s_settings_stand_above_the_config_s() -> None:
    config = Config.of(
        {**TRIED, "recommend": {"k": 7, "new_video_quota": 0.5, "owner": {"pinned": ["a"]}}}
    )
    assert variant_names(config) == (CONTROL, "short")
    short = settings_of(config, "short")
    assert (short.k, short.diversity, short.new_video_quota) == (3, 0.9, 0.5)
    assert short.owner.pinned == ("a",)
    assert settings_of(config, CONTROL) == settings_of(config, "") == config.recommend
    assert settings_of(config, "platform").creator_cap == 2
    with pytest.raises(InputError, match="no variant or preset 'long'"):
        settings_of(config, "long")
    with pytest.raises(ConfigError, match="as it is"):
        variant_names(Config.of({"server": {"variants": {CONTROL: {}}}}))


def test_a_wrong_variant_is_named_in_the_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server.variants.bold.diversty.*'diversity'"):
        Config.of({"server": {"variants": {"bold": {"diversty": 1}}}})
    (tmp_path / "vireo.toml").write_text(as_toml(Config.of(TRIED)), encoding="utf-8")
    assert Config.load(tmp_path / "vireo.toml").server == Config.of(TRIED).server


def test_each_viewer_gets_their_variant_s_list(built: Path, serve: Serve) -> None:
    client = serve(trying(built))
    work = Workspace.open(built)
    seen: dict[str, Any] = {}
    for user in work.resources.online.users():
        answer = client.get(f"/v1/users/{user}/recommendations?k=8").json()
        variant = variant_of(user, "spring", (CONTROL, "short"))
        assert answer["variant"] == variant
        own = work.resources.online.recommenders.get(variant).recommend(
            work.resources.online.queries.query(user, 8)
        )
        assert [e["video_id"] for e in answer["recommendations"]] == [p.video_id for p in own]
        seen[variant] = user
    assert set(seen) == {CONTROL, "short"}
    user = seen["short"]
    said = {"consent": {"research": False}}
    assert client.patch(f"/v1/users/{user}", json=said).json()["consent"]["research"] is False
    assert client.get(f"/v1/users/{user}/recommendations").json()["variant"] == ""
    assert client.get("/v1/users/nobody-yet/recommendations").json()["variant"] != ""
    preset = client.get(f"/v1/users/{user}/recommendations?preset=live").json()
    assert preset["variant"] == "live"
    answer = client.get(f"/v1/users/{user}/recommendations?preset=none")
    assert answer.status_code == 422
    assert "platform" in answer.json()["hint"]
    assert [e.variants for e in work.resources.store.experiments()] == [(CONTROL, "short")]
    work.close()


def test_what_is_on_the_screen_steers_the_list(built: Path, serve: Serve) -> None:
    client = serve(built)
    before = client.get("/v1/users/nina/recommendations?k=5").json()
    for video in ("v-1042", "v-1051"):
        beside = client.get(f"/v1/users/nina/recommendations?k=5&current_video={video}").json()
        shown = [entry["video_id"] for entry in beside["recommendations"]]
        assert video not in shown
        near = client.get(f"/v1/videos/{video}/similar?k=8").json()["recommendations"]
        assert len({entry["video_id"] for entry in near} & set(shown)) >= 3
        assert "Because you watched" in beside["recommendations"][0]["reason"]
    assert client.get("/v1/users/nina/recommendations?k=5").json()["notes"] == before["notes"]
    assert client.get("/v1/users/nina/recommendations?current_video=none").status_code == 404


NAMES = (CONTROL, "bold")


def viewers_of(variant: str, count: int) -> list[str]:
    found = (f"u{n}" for n in range(10_000) if variant_of(f"u{n}", "x", NAMES) == variant)
    return [next(found) for _ in range(count)]


def send(store: Store, user: str, shown: int, answered: int, seconds: float = 0.0) -> None:
    """Impressions, and views of the first of them."""
    for n in range(shown):
        tag = (user, f"v{n}")
        store.append([LiveEvent(f"{user}-{n}", *tag, "Shown", 5, request_id="r", rank=n + 1)])
    for n in range(answered):
        tag = (user, f"v{n}")
        event = LiveEvent(f"{user}-{n}-w", *tag, "watched", 6, None, seconds, request_id="r")
        store.append([event])


@pytest.fixture
def tried(tmp_path: Path) -> Store:
    """Control answers 1 of 10 for 10 s, bold 3 of 10 for 10 s; some things must not count."""
    store = open_store(StoreSection(), tmp_path)
    early = [LiveEvent(f"early-{n}", "u0", f"w{n}", "impression", 4) for n in range(10)]
    store.append(early)  # before it began
    store.begin_experiment(Experiment("x", NAMES, "{}"))
    for number, user in enumerate(viewers_of(CONTROL, 12)):
        send(store, user, 10, 2 * (number % 2), 10)
    for user in viewers_of("bold", 12):
        send(store, user, 10, 3, 10)
    store.append([LiveEvent("unshown", viewers_of("bold", 1)[0], "v99", "view", 7, None, 500)])
    refuser = viewers_of("bold", 13)[-1]
    send(store, refuser, 10, 10, 1000)
    store.set_choices(refuser, {"consent": {"research": False}})
    return store


def test_the_live_difference_is_the_known_one(tried: Store) -> None:
    clicks, seconds = compare_live(tried, Config())
    assert (clicks.variant, clicks.other, clicks.metric) == ("bold", CONTROL, "ctr")
    assert clicks.value == pytest.approx(0.3)
    assert clicks.other_value == pytest.approx(0.1)
    assert (clicks.viewers, clicks.impressions) == (12, 120)
    assert clicks.low < 0.2 < clicks.high
    assert clicks.low > 0.13, "half of control's viewers answer 0, half 2 of 10"
    assert clicks.shown
    assert seconds.value == pytest.approx(3.0)
    assert seconds.other_value == pytest.approx(1.0)
    turned, _ = compare_live(tried, Config(), CONTROL, "bold")
    assert turned.difference == pytest.approx(-0.2)
    tried.close()


def test_few_viewers_are_not_spoken_of(tried: Store) -> None:
    strict = Config.of({"privacy": {"min_group_size": 13}})
    with pytest.raises(InputError, match="fewer than 13 viewers"):
        compare_live(tried, strict)
    with pytest.raises(InputError, match="'brave' was not tried"):
        compare_live(tried, Config(), "brave")
    tried.close()


def test_where_silence_is_a_no_only_who_agreed_is_compared(tried: Store) -> None:
    strict = Config.of({"privacy": {"default_consent": ["personal_lists"]}})
    with pytest.raises(InputError, match="fewer than 5 viewers"):
        compare_live(tried, strict)
    for user in (*viewers_of(CONTROL, 6), *viewers_of("bold", 7)):
        tried.set_choices(user, {"consent": {"research": True}})
    clicks, _ = compare_live(tried, strict)
    assert (clicks.viewers, clicks.impressions) == (7, 70)
    assert clicks.value == pytest.approx(0.3)
    assert clicks.other_value == pytest.approx(0.1)
    tried.close()


def test_the_verb_says_it(tried: Store, tmp_path: Path) -> None:
    tried.close()
    (tmp_path / CONFIG).write_text(as_toml(), encoding="utf-8")
    run = CliRunner()
    said = run.invoke(app, ["compare", "--live", "-w", str(tmp_path)]).output
    assert "bold 0.3000 (12 viewers, 120 impressions) against control 0.1000" in " ".join(
        said.split()
    )
    told = run.invoke(app, ["compare", "--live", "-w", str(tmp_path), "--json", "--metric", "ctr"])
    (entry,) = json.loads(told.stdout)
    assert entry["shown"] is True
    for wrong in (["compare"], ["compare", "--live", "--metric", "x", "-w", str(tmp_path)]):
        assert isinstance(run.invoke(app, wrong).exception, InputError)
