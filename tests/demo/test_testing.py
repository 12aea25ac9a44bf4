"""tiny_world: its right answers really follow from its tables; the contract suites are at hand."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import vireo.testing
from vireo.testing import CONTRACTS, TinyWorld, tiny_world


@pytest.fixture
def world(tmp_path: Path) -> TinyWorld:
    return tiny_world(tmp_path)


def test_sizes_and_names(world: TinyWorld) -> None:
    videos, events = pl.read_csv(world.videos), pl.read_csv(world.events)
    assert (world.videos.name, world.events.name) == ("video_data.csv", "user_data.csv")
    assert set(videos["video_id"]) == {*world.cooking, *world.sailing}
    assert videos.height == 24 == videos["title"].n_unique()
    assert set(events["user_id"]) == {*world.cooks, *world.sailors}
    assert (len(world.cooks), len(world.sailors), world.cooks[0]) == (20, 20, "ana")
    assert world.new_user not in set(events["user_id"])


def test_nobody_has_watched_the_new_videos(world: TinyWorld) -> None:
    assert world.new_cooking == "v-1042"
    assert world.new_cooking in world.cooking
    assert world.new_sailing in world.sailing
    watched = set(pl.read_csv(world.events)["video_id"])
    assert watched == {*world.cooking, *world.sailing} - {world.new_cooking, world.new_sailing}


def test_five_cooking_videos_are_left_for_every_cook(world: TinyWorld) -> None:
    events = pl.read_csv(world.events).filter(pl.col("event") == "view")
    for users, own in ((world.cooks, world.cooking), (world.sailors, world.sailing)):
        for user in users:
            seen = set(events.filter(pl.col("user_id") == user)["video_id"])
            assert len(set(own) - seen) == 5
            assert len(seen - set(own)) == 1


def test_what_is_liked_is_watched_long_and_the_rest_is_left(world: TinyWorld) -> None:
    events = pl.read_csv(world.events).filter(pl.col("event") == "view")
    rows = events.join(pl.read_csv(world.videos), on="video_id")
    own = (
        pl.col("user_id").is_in(world.cooks).eq(pl.col("video_id").is_in(world.cooking))
    )  # a cook and cooking, or a sailor and sailing
    assert (rows.filter(own)["watch_seconds"] >= 0.79 * rows.filter(own)["duration"]).all()
    assert (rows.filter(~own)["watch_seconds"] < 10).all()


def test_a_cutoff_in_march_leaves_both_sides_populated_for_everybody(world: TinyWorld) -> None:
    events = pl.read_csv(world.events)
    early, late = (
        set(events.filter(side)["user_id"])
        for side in (pl.col("timestamp") < "2026-03-01", pl.col("timestamp") >= "2026-03-01")
    )
    assert early == late == {*world.cooks, *world.sailors}
    assert events["timestamp"].is_between(pl.lit("2026-01"), pl.lit("2026-05")).all()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two, three = (tiny_world(tmp_path / str(n), seed=n // 2) for n in range(3))
    assert one.events.read_bytes() == two.events.read_bytes()
    assert one.events.read_bytes() != three.events.read_bytes()


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_contract_suites_are_at_hand(name: str) -> None:
    suite = getattr(vireo.testing, name)
    assert suite.__name__ == name
    assert any(member.startswith("test_") for member in dir(suite))
    assert name in dir(vireo.testing)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = vireo.testing.Nonsense


def test_importing_it_loads_no_heavy_library() -> None:
    heavy = ["torch", "transformers", "av", "onnxruntime", "pytest"]
    assert all(importlib.util.find_spec(name) for name in heavy)
    code = "import sys, vireo.testing, vireo.demo; "
    code += f"print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
