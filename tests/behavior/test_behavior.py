"""Behaviour: what is dropped and why, what an event weighs, order, sessions, the books balance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vireo.behavior.base import NO_TIME, BehaviorSection, Histories
from vireo.behavior.build import build, histories_of
from vireo.config import Config
from vireo.data.base import EVENT_SCHEMA, VIDEO_SCHEMA, Tables
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.errors import ConfigError

MINUTE = 60_000
DAY = 1440 * MINUTE
SECTION = BehaviorSection()
VIDEOS = pl.DataFrame(
    {"video_id": ["a", "b", "c"], "duration": [100.0, 2.0, None]},
    schema={name: VIDEO_SCHEMA[name] for name in ("video_id", "duration")},
)


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    """Events with defaults: user u views a; rows a minute apart."""
    filled = [
        {"user_id": "u", "video_id": "a", "event": "view", "timestamp": i * MINUTE, "sequence": i}
        | row
        for i, row in enumerate(rows)
    ]
    return pl.DataFrame(
        [[row.get(name) for name in EVENT_SCHEMA] for row in filled],
        schema=EVENT_SCHEMA,
        orient="row",
    )


def weights(*rows: dict[str, Any], **settings: Any) -> list[float]:
    table = events(*rows)
    found = histories_of(table, VIDEOS, BehaviorSection(**settings))
    return [round(float(weight), 4) for weight in found.weights]


def test_every_word_has_its_weight() -> None:
    words = ["view", "like", "save", "share", "follow", "comment", "dislike", "hate", "skip"]
    expected = [1, 2, 2, 3, 2, 1.5, -1, -1, -0.5]
    assert weights(*({"event": word} for word in words)) == expected


def test_own_words_and_own_weights() -> None:
    rows: list[dict[str, Any]] = [{"event": "Heart "}, {"event": "view"}, {"event": "like"}]
    assert weights(*rows, weights={"heart": 4, "like": 0}) == [4, 1]


def test_an_unknown_word_is_counted_and_the_note_says_what_to_type() -> None:
    found = histories_of(events({"event": "clap"}, {"event": "view"}), VIDEOS, SECTION)
    assert found.report["dropped"] == {"event word without a weight": 1}
    assert 'weights = {"clap" = 1.0}' in found.report["notes"][0]
    assert Config.of({"behavior": {"weights": {"clap": 1.0}}}).behavior.weights == {"clap": 1.0}


def test_an_impression_is_counted_and_left_out() -> None:
    found = histories_of(events({"event": "impression"}, {}), VIDEOS, SECTION)
    assert found.report["events"] == {"impression": 1, "view": 1}
    assert found.report["dropped"] == {"event of weight 0": 1}
    assert len(found.videos) == 1


def test_a_view_counts_by_the_share_that_was_watched() -> None:
    shares = [{"watch_seconds": seconds, "video_id": "a"} for seconds in (50, 100, 300, 4, 0.5)]
    assert weights(*shares) == [0.5, 1.0, 1.0, -0.1, -0.1]
    # 0.9 of 2 s is no decision against it; 1.5 of 2 s is most of it
    assert weights(*({"watch_seconds": s, "video_id": "b"} for s in (0.9, 1.5))) == [-0.1, 0.75]
    # without a duration only the quickest skip tells anything
    assert weights(*({"watch_seconds": s, "video_id": "c"} for s in (0.9, 3))) == [-0.1, 1.0]
    assert weights({"watch_seconds": 0.5, "event": "like"}) == [2.0]


def test_a_share_counts_beside_what_is_usual_for_the_length() -> None:
    """Clips of 2 s are watched whole, films of 100 s to a fifth; a third length is seldom seen."""
    short = [{"video_id": "b", "watch_seconds": 2.0, "user_id": f"s{i}"} for i in range(60)]
    long = [{"video_id": "a", "watch_seconds": 20.0, "user_id": f"l{i}"} for i in range(60)]
    keen = [{"video_id": "a", "watch_seconds": 40.0, "user_id": "keen"}]
    table = events(*short, *long, *keen)
    plain = histories_of(table, VIDEOS, SECTION)
    assert plain.of("keen").weights.tolist() == pytest.approx([0.4])
    assert plain.report["usual_shares"] == {}
    section = BehaviorSection(duration_correction=True)
    even = histories_of(table, VIDEOS, section)
    overall, film = (60 + 12.4) / 121, 12.4 / 61
    assert even.report["usual_shares"] == pytest.approx(
        {"all": overall, "1": 1.0, "6": film}, abs=1e-4
    )
    assert even.of("s0").weights.tolist() == pytest.approx([overall], abs=1e-3)
    assert even.of("l0").weights.tolist() == pytest.approx([0.2 * overall / film], abs=1e-3)
    assert even.of("keen").weights.tolist() == [1.0]  # twice the usual share is all there is
    usual = even.report["usual_shares"]
    live = histories_of(events(*long[:1]), VIDEOS, section, usual=usual)
    assert live.weights.tolist() == pytest.approx(even.of("l0").weights.tolist(), abs=1e-3)


def test_a_rating_is_measured_by_the_highest_and_never_against_the_video() -> None:
    values = [5.0, 2.5, 0.0, -3.0, None, float("nan")]
    rows: list[dict[str, Any]] = [{"event": "rating", "value": value} for value in values]
    assert weights(*rows) == [1.0, 0.5, 0.1, 0.1, 0.5, 0.5]
    assert weights({"event": "rating", "value": 0.0}) == [0.5]
    live = histories_of(events({"event": "rating", "value": 2}), VIDEOS, SECTION, rating_max=5.0)
    assert live.weights.tolist() == pytest.approx([0.4])


def test_decay_counts_from_the_last_known_event_and_never_turns_a_wish() -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": None},
        {"timestamp": 0},
        {"timestamp": 2 * DAY, "event": "dislike"},
    ]
    rows += [{"timestamp": 4 * DAY}]
    assert weights(*rows, half_life_days=2.0) == [1.0, 0.25, -0.5, 1.0]
    table = events({"timestamp": 0}, {"timestamp": 5000 * DAY})
    old = histories_of(table, VIDEOS, BehaviorSection(half_life_days=1))
    assert old.weights[0] > 0
    later = histories_of(
        events({"timestamp": 0}), VIDEOS, BehaviorSection(half_life_days=1), now=DAY
    )
    assert later.weights.tolist() == [0.5]


def test_events_stand_in_order_of_time_then_as_shipped_with_the_timeless_first() -> None:
    rows: list[dict[str, Any]] = [
        {"video_id": "a", "timestamp": 5, "sequence": 7},
        {"video_id": "b", "timestamp": 5, "sequence": 3},
        {"video_id": "c", "timestamp": 1, "sequence": 9},
        {"video_id": "c", "timestamp": None, "sequence": 8},
        {"video_id": "b", "timestamp": None, "sequence": 2},
        {"video_id": "a", "timestamp": -4, "sequence": 1},
    ]
    found = histories_of(events(*rows), VIDEOS, SECTION).of("u")
    assert found.videos.tolist() == [0, 1, 2, 2, 1, 0]
    assert found.times.tolist() == [NO_TIME] * 3 + [1, 5, 5]


def test_repeats_in_one_instant_count_once() -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": 5},
        {"timestamp": 5},
        {"timestamp": 5, "event": "like"},
    ]
    rows += [{"timestamp": 5, "video_id": "b"}, {"timestamp": 5, "user_id": "w"}, {"timestamp": 6}]
    found = histories_of(events(*rows), VIDEOS, SECTION)
    assert found.report["dropped"] == {"duplicate": 1}
    assert found.report["kept"] == 5


def test_a_heartbeat_counts_once_within_the_window() -> None:
    beats = [{"timestamp": 5000 * i} for i in range(10)] + [{"timestamp": 200_000}]
    found = histories_of(events(*beats), VIDEOS, BehaviorSection(duplicate_seconds=5))
    assert found.times.tolist() == [0, 200_000]


def test_without_times_only_equal_rows_are_repeats() -> None:
    rows: list[dict[str, Any]] = [{"timestamp": None, "watch_seconds": s} for s in (30, 60, 30)]
    found = histories_of(events(*rows), VIDEOS, SECTION)
    assert found.report["dropped"] == {"duplicate": 1}
    assert found.weights.tolist() == pytest.approx([0.3, 0.6])


def test_impossible_rows_are_counted_by_reason() -> None:
    rows: list[dict[str, Any]] = [
        {"watch_seconds": -1.0},
        {"watch_seconds": float("nan")},
        {"watch_seconds": 5001.0},
        {"video_id": "nowhere"},
        {"user_id": None},
        {"event": None},
        {},
    ]
    report = histories_of(events(*rows), VIDEOS, SECTION).report
    assert report["dropped"] == {
        "no user": 1,
        "video not in the catalogue": 1,
        "watch_seconds is negative or not a number": 2,
        "watch_seconds above 50 times the duration": 1,
        "event word without a weight": 1,
    }
    assert (report["read"], report["kept"], report["users_read"]) == (7, 1, 1)


def test_a_bot_is_set_aside_and_a_busy_viewer_is_not() -> None:
    bot = [{"user_id": "bot", "timestamp": DAY + i} for i in range(6)]
    busy = [{"user_id": "busy", "timestamp": DAY * i} for i in range(6)]
    timeless = [{"user_id": "timeless", "timestamp": None, "value": float(i)} for i in range(6)]
    section = BehaviorSection(max_events_per_day=5)
    found = histories_of(events(*bot, *busy, *timeless), VIDEOS, section)
    assert found.user_ids == ("busy", "timeless")
    assert found.report["dropped"] == {"bot (too many events on one day)": 6}
    assert "max_events_per_day" in found.report["notes"][0]


def test_a_pause_or_another_shipped_id_starts_a_session() -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": 0},
        {"timestamp": 30 * MINUTE},
        {"timestamp": 61 * MINUTE},
        {"timestamp": 62 * MINUTE, "session_id": "x"},
        {"timestamp": 200 * MINUTE, "session_id": "x"},
        {"timestamp": 201 * MINUTE, "session_id": "y"},
        {"timestamp": 201 * MINUTE, "user_id": "w"},
        {"timestamp": None, "user_id": "z"},
        {"timestamp": 1, "user_id": "z"},
    ]
    found = histories_of(events(*rows), VIDEOS, SECTION)
    assert found.sessions.tolist() == [0, 0, 1, 1, 1, 2, 3, 4, 4]


def test_nothing_at_all_is_an_empty_world(tmp_path: Path) -> None:
    found = histories_of(events(), VIDEOS, SECTION)
    assert (len(found), found.n_videos, found.now) == (0, 3, NO_TIME)
    assert found.positives.shape == (0, 3)
    found.save(tmp_path)
    assert len(Histories.load(tmp_path)) == 0


def test_the_stage_reads_its_parts_and_comes_back_from_disk(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    table = events({"event": "like"}, {"event": "zap"}, {"user_id": "w"})
    frames = {"events": table, "videos": VIDEOS}
    found = build(Tables(frames, allowed=("events", "videos")), Config().behavior, context)
    found.save(tmp_path)
    again = Histories.load(tmp_path)
    assert again.report == found.report
    assert again.user_ids == ("u", "w")
    np.testing.assert_array_equal(again.weights, found.weights)


@pytest.mark.parametrize("setting", ["weights.x", "half_life_days", "session_gap_minutes"])
def test_settings_that_are_no_numbers_are_refused(setting: str) -> None:
    with pytest.raises(ConfigError):
        Config().with_settings({f"behavior.{setting}": "nan"})


rows_strategy = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(["u", "v", "w", None]),
            "video_id": st.sampled_from(["a", "b", "c", "zz"]),
            "event": st.sampled_from(["view", "like", "skip", "rating", "odd", "impression", None]),
            "timestamp": st.one_of(st.none(), st.integers(-5, 5), st.integers(0, 40 * DAY)),
            "value": st.one_of(st.none(), st.floats()),
            "watch_seconds": st.one_of(st.none(), st.floats()),
            "session_id": st.sampled_from([None, "s", "t"]),
        }
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=80)
@given(rows_strategy, st.booleans())
def test_the_books_balance_and_all_arrays_agree(rows: list[dict[str, Any]], decays: bool) -> None:
    section = BehaviorSection(max_events_per_day=9, half_life_days=3.0 if decays else 0.0)
    found = histories_of(events(*rows), VIDEOS, section)
    report = found.report
    assert report["read"] == len(rows) == report["kept"] + sum(report["dropped"].values())
    assert sum(report["events"].values()) == len(rows)
    assert report["kept"] == len(found.videos) == found.offsets[-1]
    assert len(found.user_ids) == len(found.offsets) - 1 == report["users"]
    assert np.isfinite(found.weights).all()
    assert (found.weights != 0).all()
    for row in range(len(found)):
        times = found.row(row).times
        assert len(times) > 0
        assert (np.diff(times) >= 0).all()
    shuffled = histories_of(events(*rows).sample(fraction=1, shuffle=True, seed=1), VIDEOS, section)
    np.testing.assert_array_equal(shuffled.videos, found.videos)
    np.testing.assert_array_equal(shuffled.weights, found.weights)
