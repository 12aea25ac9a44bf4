"""Live events event by event: the same as the build's tables say of them, whatever they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.behavior.plain_weights import PlainWeighting
from vireo.behavior.base import DAY, NO_TIME, BehaviorSection, Histories, History
from vireo.behavior.build import histories_of
from vireo.behavior.online_weights import OnlineWeighting
from vireo.data.base import VIDEO_SCHEMA
from vireo.data.online_rows import event_rows
from vireo.store.base import LiveEvent

DURATIONS = [100.0, 2.0, None, 0.5, 8.0, 4096.0, 0.0]
IDS = [f"v{n}" for n in range(len(DURATIONS))]
VIDEOS = pl.DataFrame(
    {"video_id": IDS, "duration": DURATIONS},
    schema={name: VIDEO_SCHEMA[name] for name in ("video_id", "duration")},
)
ROWS = {video: row for row, video in enumerate(IDS)}
WORDS = ["view", "Clicked ", "like", "RATING", "dislike", "impression", "clap", "not interested"]
USUAL = {"all": 0.5, "3": 0.8, "6": 0.25, "-1": 0.9}

event = st.builds(
    LiveEvent,
    st.just("e"),
    st.just("u"),
    st.sampled_from([*IDS, "unknown"]),
    st.sampled_from(WORDS),
    st.sampled_from([-5, 0, 1_000, 1_001, 6_000, DAY, 3 * DAY]),
    st.none() | st.sampled_from([-1.0, 0.0, 2.0, 5.0, 9.0]),
    st.none() | st.sampled_from([-1.0, 0.0, 0.02, 0.2, 0.7, 1.0, 4.0, 60.0, 500.0, float("nan")]),
    session_id=st.none() | st.sampled_from(["s", "t"]),
)
section = st.builds(
    BehaviorSection,
    weights=st.sampled_from([{}, {"clap": 3.0, "like": 0.0, "view": -1.0}]),
    half_life_days=st.sampled_from([0.0, 1.0]),
    max_events_per_day=st.sampled_from([2, 2_000]),
    duplicate_seconds=st.sampled_from([0.0, 1.0, 5.0]),
)


def by_tables(
    events: list[LiveEvent],
    section: BehaviorSection,
    now: int = 2 * DAY,
    rating_max: float | None = 5.0,
    usual: Mapping[str, float] = USUAL,
) -> Histories:
    known = [event for event in events if event.video_id in ROWS]
    told = event_rows(list(enumerate(known))).drop("text")
    return histories_of(told, VIDEOS, section, now, rating_max, usual)


def lately(
    events: list[LiveEvent], section: BehaviorSection, *, rating_max: float | None = 5.0
) -> History:
    durations = VIDEOS["duration"].to_numpy()
    return OnlineWeighting(section, 2 * DAY, rating_max, USUAL, durations).history(events, ROWS.get)


@given(st.lists(event, max_size=12), section, st.sampled_from([None, 5.0]))
def test_online_and_table_weights_are_those_of_the_rules(
    events: list[LiveEvent], section: BehaviorSection, rating_max: float | None
) -> None:
    durations = VIDEOS["duration"].to_numpy()
    plain = PlainWeighting(section, 2 * DAY, rating_max, USUAL, durations)
    expected = plain.history(events, ROWS.get)
    in_tables = by_tables(events, section, rating_max=rating_max).of("u")
    for found in (lately(events, section, rating_max=rating_max), in_tables):
        assert found.videos.tolist() == expected.videos.tolist()
        assert found.times.tolist() == expected.times.tolist()
        np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-6)


@pytest.mark.parametrize("duration", [2.0**n for n in range(-4, 16)])
def test_lengths_on_the_edge_of_an_octave_are_of_the_same_class(duration: float) -> None:
    videos = VIDEOS.head(1).with_columns(duration=pl.lit(duration))
    usual = {"all": 0.5, **{str(n): 1.0 / (n + 10) for n in range(-6, 18)}}
    watched = LiveEvent("e", "u", "v0", "view", 0, watch_seconds=0.06 * duration)
    told = event_rows([(0, watched)]).drop("text")
    expected = histories_of(told, videos, BehaviorSection(), 0, None, usual).of("u")
    durations = np.array([duration])
    found = OnlineWeighting(BehaviorSection(), 0, None, usual, durations).history(
        [watched], ROWS.get
    )
    assert found.weights == pytest.approx(expected.weights)


def test_the_scales_are_those_of_the_build() -> None:
    """A rating of 2 among ratings of up to 5; an event a day before the build's last one."""
    rated: list[dict[str, Any]] = [{"event": "rating", "value": 5.0, "timestamp": 2 * DAY}]
    events = [LiveEvent("e", "u", "v0", **one) for one in rated]
    section = BehaviorSection(half_life_days=1.0)
    told = event_rows(list(enumerate(events))).drop("text")
    built = histories_of(told, VIDEOS, section)
    after = OnlineWeighting.after(built, section, VIDEOS["duration"].to_numpy())
    new = [
        LiveEvent("f", "u", "v1", "rating", 3 * DAY, value=2.0),
        LiveEvent("g", "u", "v1", "view", DAY),
        LiveEvent("h", "u", "v1", "like", -1),
    ]
    found = after.history(new, ROWS.get)
    assert found.times.tolist() == [NO_TIME, DAY, 3 * DAY]
    assert found.weights.tolist() == pytest.approx([2.0, 0.5, 0.4])


def test_nothing_comes_of_nothing() -> None:
    assert not len(lately([], BehaviorSection()))
    assert not len(lately([LiveEvent("e", "u", "v0", "impression", 5)], BehaviorSection()))
