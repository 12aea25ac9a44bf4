"""Every protocol holds out what it says, whole, and the same again."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from vireo.data.base import EVENT_SCHEMA, VIDEO_SCHEMA, Split
from vireo.data.split import HELD, NEITHER, TRAIN, parts_of, seen_comments
from vireo.errors import InputError


def events_of(*rows: tuple[str, str, int | None]) -> pl.DataFrame:
    filled = [
        {"user_id": user, "video_id": video, "event": "view", "timestamp": at, "sequence": n}
        for n, (user, video, at) in enumerate(rows, start=1)
    ]
    return pl.DataFrame(
        [[row.get(name) for name in EVENT_SCHEMA] for row in filled],
        schema=EVENT_SCHEMA,
        orient="row",
    )


def videos_of(**published: int | None) -> pl.DataFrame:
    rows = [{"video_id": name, "published_at": at} for name, at in published.items()]
    return pl.DataFrame(rows, schema=VIDEO_SCHEMA)


def many(users: int = 40, videos: int = 25, each: int = 10) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    rows: list[tuple[str, str, int | None]] = [
        (f"u{user:02d}", f"v{video:02d}", int(rng.integers(1, 10_000)))
        for user in range(users)
        for video in rng.permutation(videos)[:each]
    ]
    return events_of(*rows)


NO_VIDEOS = videos_of()


def test_a_window_of_time_has_an_end() -> None:
    events = events_of(("a", "x", 1), ("a", "y", 5), ("a", "z", 9), ("b", "x", None))
    parts = parts_of(events, Split("time", cutoff=5, until=9), NO_VIDEOS)
    assert parts.to_list() == [TRAIN, HELD, NEITHER, TRAIN]


@pytest.mark.parametrize("variant", ["random", "chronological"])
def test_cold_items_leave_the_training_wholly(variant: Any) -> None:
    events = many()
    split = Split("cold-items", share=0.2, variant=variant, seed=1)
    parts = parts_of(events, split, NO_VIDEOS)
    known, held = events.filter(parts == TRAIN), events.filter(parts == HELD)
    cold = set(held["video_id"]) - set(known["video_id"])
    assert len(cold) == 5
    warm_held = held.filter(~pl.col("video_id").is_in(list(cold)))
    assert warm_held["user_id"].is_unique().all(), "each viewer's last warm event"
    assert len(warm_held) == 40
    assert parts_of(events, split, NO_VIDEOS).equals(parts)
    if variant == "chronological":
        first = events.group_by("video_id").agg(pl.col("timestamp").min()).sort("timestamp")
        assert set(first["video_id"].tail(5)) == cold
    else:
        other = parts_of(events, Split("cold-items", seed=2), NO_VIDEOS)
        assert not other.equals(parts)


def test_the_latest_videos_are_the_latest_published_where_all_are_dated() -> None:
    events = events_of(("a", "x", 1), ("a", "y", 2), ("b", "x", 3), ("b", "y", 4), ("b", "z", 5))
    videos = videos_of(x=30, y=10, z=20)
    split = Split("cold-items", share=0.34, variant="chronological")
    parts = parts_of(events, split, videos)
    assert [p == HELD for p in parts] == [True, False, True, False, True]  # x, and b's last


def test_cold_users_leave_the_training_wholly() -> None:
    events = many()
    parts = parts_of(events, Split("cold-users", share=0.25), NO_VIDEOS)
    held, known = (set(events.filter(parts == part)["user_id"]) for part in (HELD, TRAIN))
    assert (len(held), len(known)) == (10, 30)
    assert not held & known


def test_a_random_share_of_each_users_videos_and_always_whole_videos() -> None:
    twice = pl.concat([many(), many()]).with_columns(sequence=pl.int_range(1, 801))
    parts = parts_of(twice, Split("random", share=0.3), NO_VIDEOS)
    held = twice.filter(parts == HELD)
    assert held.group_by("user_id").agg(pl.col("video_id").n_unique())["video_id"].to_list() == (
        [3] * 40
    )
    assert held.group_by("user_id", "video_id").len()["len"].unique().to_list() == [2]
    lonely = events_of(("a", "x", 1), ("b", "x", 2), ("b", "y", 3))
    few = parts_of(lonely, Split("random", share=0.2), NO_VIDEOS)
    assert few[0] == TRAIN, "nobody loses the only event"
    assert (few == HELD).sum() == 1


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_an_impossible_share_is_refused(share: float) -> None:
    for protocol in ("cold-items", "cold-users"):
        with pytest.raises(InputError, match="--share"):
            parts_of(many(), Split(protocol, share=share), NO_VIDEOS)


@pytest.mark.parametrize("protocol", ["cold-items", "cold-users"])
def test_nobody_reads_a_comment_on_a_cold_video_or_of_a_cold_user(protocol: Any) -> None:
    events = many()
    parts = parts_of(events, Split(protocol), NO_VIDEOS)
    known, held = events.filter(parts == TRAIN), events.filter(parts == HELD)
    comments = events.select("user_id", "video_id", timestamp=pl.col("timestamp") + 1).with_columns(
        text=pl.lit("well")
    )
    read = seen_comments(comments, held, known, Split(protocol))
    name = "video_id" if protocol == "cold-items" else "user_id"
    assert set(read[name]) == set(known[name])


def test_a_recipe_says_only_what_its_protocol_looks_at() -> None:
    assert Split("leave-one-out", seed=5).recipe() == {"protocol": "leave-one-out"}
    assert Split("time", 4).recipe() == {"protocol": "time", "cutoff": 4}
    assert Split("random", seed=5).recipe() == {"protocol": "random", "share": 0.2, "seed": 5}
