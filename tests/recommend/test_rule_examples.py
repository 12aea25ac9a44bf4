"""Each rule in a world with a known right list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.recommend.worlds import context, history, query
from vireo.behavior.base import DAY, History
from vireo.data.schedule import minute_of_week, slots
from vireo.recommend.base import ParsedPreference, Query
from vireo.recommend.context import StepContext
from vireo.recommend.recommender import Recommender
from vireo.recommend.rules.calibration import calibrated, topic_shares
from vireo.recommend.rules.creator_cap import nth_of_its_kind
from vireo.store.base import UserAttributes

MONDAY = 4 * DAY  # 5 January 1970, 00:00 UTC
PLAIN: dict[str, Any] = {"diversity": 0.0, "new_video_quota": 0.0}


Terms = Mapping[str, Sequence[object]]


def rows(world: StepContext, asked: Query) -> list[int]:
    maker = Recommender(world.catalogue, world.model, world.section)
    listed: list[int] = maker.slate(asked).videos.tolist()
    return listed


def notes(world: StepContext, asked: Query) -> str:
    maker = Recommender(world.catalogue, world.model, world.section)
    return " ".join(maker.slate(asked).notes)


def flat(n: int, terms: Terms | None = None, **settings: object) -> StepContext:
    """n videos of one topic, so that the list is their order: 0 is what the taste is known by."""
    return context([0] * n, [9] * n, terms, **{**PLAIN, **settings})


TASTE = history([0])


def told(k: int = 5, **facts: object) -> Query:
    return query(TASTE, k, attributes=UserAttributes("ana", **facts))  # type: ignore[arg-type]


def test_rights_open_a_video_to_its_groups_and_to_the_viewer_it_names() -> None:
    access = [None, ["staff"], ["board", "staff"], ["user:ana"], ["user:Ana"], []]
    world = flat(6, {"access": access})
    assert rows(world, told()) == [3]
    assert rows(world, told(groups=("staff",))) == [1, 2, 3]
    assert rows(world, told(groups=("Staff", "user:Ana"))) == [3]
    nobody = replace(told(), user_id=None, history=History.empty())
    assert rows(world, nobody) == [0]
    nobody = replace(nobody, exclude=frozenset([0]))
    assert rows(world, nobody) == []
    assert "'access' leaves nothing" in notes(world, nobody)


def test_closed_rights_hide_what_names_no_group() -> None:
    world = flat(3, {"access": [None, None, ["staff"]]}, audience={"deny_by_default": True})
    assert rows(world, told(groups=("staff",))) == [2]


def test_age_ratings_are_kept_for_told_and_for_assumed_ages() -> None:
    ages = [None, 16, 12, None, 18]
    world = flat(5, {"age_rating": ages})
    assert rows(world, told()) == [1, 2, 3, 4]
    assert rows(world, told(age=15.9)) == [2, 3]
    strict = flat(
        5, {"age_rating": ages}, audience={"default_user_age": 12, "default_age_rating": 16}
    )
    assert rows(strict, told()) == [2]


def test_regions_hide_what_is_not_shown_there() -> None:
    world = flat(4, {"regions": [None, ["DE", "at"], ["US"], None]})
    assert rows(world, told(region="DE")) == [1, 3]
    assert rows(world, told(region="AT")) == [1, 3]
    assert rows(world, told()) == [3]


def test_windows_open_at_their_first_moment_and_close_at_their_last() -> None:
    terms = {"available_from": [None, 100, None, None], "available_until": [None, None, 200, None]}
    world = flat(4, terms)
    for moment, expected in ((99, [2, 3]), (100, [1, 2, 3]), (199, [1, 2, 3]), (200, [1, 3])):
        assert rows(world, query(TASTE, requested_at=moment)) == expected
    assert rows(world, query(TASTE)) == [3]  # no clock: only what is always there


def test_blocks_of_the_owner_and_of_the_viewer() -> None:
    terms: dict[str, list[Any]] = {
        "creator": [None, "Ann", "bob", None, None],
        "category": [None, None, None, "Horror", None],
        "tags": [None, None, None, None, ["slow", "horror"]],
    }
    assert rows(flat(5, terms, owner={"blocked_creators": ["BOB"]}), told()) == [1, 3, 4]
    assert rows(flat(5, terms, owner={"blocked_topics": ["horror"]}), told()) == [1, 2]
    assert rows(flat(5, terms, owner={"blocked_videos": ["v1", "gone"]}), told()) == [2, 3, 4]
    for word, expected in (("horror", [1, 2]), ("ann", [2, 3, 4])):
        asked = replace(told(), preferences=(ParsedPreference(f"no {word}", -1.0, blocks=word),))
        assert rows(flat(5, terms), asked) == expected


def test_languages_give_way_only_where_nothing_is_left() -> None:
    world = flat(4, {"language": [None, "en-GB", "de", None]})
    assert rows(world, told(languages=("EN",))) == [1, 3]
    other = flat(3, {"language": ["en", "en", "de"]})
    assert rows(other, told(languages=("fr",))) == [1, 2]
    assert "'language' gave way" in notes(other, told(languages=("fr",)))
    strict = flat(3, {"language": ["en", "en", "de"]}, relaxable_rules=[])
    assert rows(strict, told(languages=("fr",))) == []
    assert "'language' leaves nothing" in notes(strict, told(languages=("fr",)))


def test_expired_videos_go() -> None:
    published = [0, 0, 9 * DAY, None]
    world = flat(4, {"published_at": published}, max_age_days=2)
    assert rows(world, query(TASTE, requested_at=10 * DAY)) == [2, 3]


def test_repeats_come_back_after_their_time() -> None:
    world = flat(3, allow_repeats=True, repeat_after_days=2)
    seen = History(np.array([0, 1]), np.ones(2, np.float32), np.array([0, 3 * DAY]))
    assert sorted(rows(world, query(seen, requested_at=4 * DAY))) == [0, 2]
    assert sorted(rows(world, query(seen, requested_at=9 * DAY))) == [0, 1, 2]


def test_what_was_shown_and_not_watched_fades() -> None:
    world = flat(4, impression_discount=5.0)
    assert rows(world, query(TASTE)) == [1, 2, 3]
    assert rows(world, query(TASTE, impressions={1: 2, 2: 1})) == [3, 2, 1]
    assert rows(flat(4, impression_discount=0.0), query(TASTE, impressions={1: 9})) == [1, 2, 3]


def test_fresh_videos_gain_half_as_much_after_fresh_days() -> None:
    published = [0, 0, 30 * DAY, None]
    world = flat(4, {"published_at": published}, freshness_boost=8.0, freshness_half_life_days=30)
    maker = Recommender(world.catalogue, world.model, world.section)
    slate = maker.slate(query(TASTE, requested_at=30 * DAY))
    gains = dict(zip(slate.videos.tolist(), slate.sources["freshness"].tolist(), strict=True))
    assert slate.videos[0] == 2
    assert gains == {2: 8.0, 1: 4.0, 3: 0.0}


def test_a_creator_has_at_most_so_many_places_while_others_are_there() -> None:
    creators = [None, "a", "a", "a", "b", "b", None, None]
    world = flat(8, {"creator": creators}, creator_cap=1)
    assert rows(world, query(TASTE, k=4)) == [1, 4, 6, 7]
    assert rows(world, query(TASTE, k=6)) == [1, 4, 6, 7, 2, 3]
    assert "too few creators" in notes(world, query(TASTE, k=6))


def test_nth_of_its_kind_counts_as_a_loop_does() -> None:
    kinds = np.random.default_rng(0).integers(-1, 5, 200)
    counted: Counter[int] = Counter()
    for kind, nth in zip(kinds.tolist(), nth_of_its_kind(kinds).tolist(), strict=True):
        assert nth == (counted[kind] if kind >= 0 else 0)
        counted[kind] += 1
    assert nth_of_its_kind(kinds[:0]).tolist() == []


def brute_calibrated(
    scores: np.ndarray, topics: np.ndarray, wanted: np.ndarray, count: int, c: float
) -> list[int]:
    """Steck's greedy choice, candidate by candidate."""
    span = scores.max() - scores.min()
    worth = (scores - scores.min()) / span if span > 0 else np.ones_like(scores)
    chosen: list[int] = []
    for _ in range(count):
        best, best_value = -1, -np.inf
        for row in np.argsort(-worth, kind="stable").tolist():
            if row in chosen:
                continue
            q = np.bincount(topics[[*chosen, row]], minlength=len(wanted)) / (len(chosen) + 1)
            q = 0.99 * q + 0.01 * wanted
            kl = sum(p * np.log(p / x) for p, x in zip(wanted, q, strict=True) if p > 0)
            value = (1 - c) * worth[row] - c * kl
            if value > best_value + 1e-9:
                best, best_value = row, value
        chosen.append(best)
    return chosen


@pytest.mark.parametrize("seed", range(20))
def test_calibration_is_the_greedy_choice_of_the_paper(seed: int) -> None:
    random = np.random.default_rng(seed)
    m, t = int(random.integers(2, 25)), int(random.integers(1, 5))
    scores, topics = random.normal(size=m), random.integers(0, t, m)
    wanted = random.dirichlet(np.ones(t)) * (random.random(t) > 0.3)
    c, count = float(random.random()), int(random.integers(1, m + 1))
    expected = brute_calibrated(scores, topics, wanted, count, c)
    assert calibrated(scores, topics, wanted, count, c).tolist() == expected


def test_a_calibrated_list_has_the_topics_in_the_shares_of_the_history() -> None:
    topics = [0] * 40 + [1] * 40
    seen = history([*range(7), 40, 41, 42])  # 70% and 30%
    plain = context(topics, [9] * 80, **PLAIN)
    held = context(topics, [9] * 80, calibration=0.99, **PLAIN)
    assert {row // 40 for row in rows(plain, query(seen, k=10))} == {0}
    assert Counter(row // 40 for row in rows(held, query(seen, k=10))) == {0: 7, 1: 3}
    shares = topic_shares(seen, held.catalogue.topic_of, 3)
    np.testing.assert_allclose(shares, [0.7, 0.3, 0.0])


def test_exploration_has_its_share_over_many_sessions_and_is_repeatable() -> None:
    world = flat(60, exploration_rate=0.25)
    usual = set(rows(flat(60), query(TASTE, k=10)))
    drawn = 0
    for session in range(200):
        asked = query(TASTE, k=10, session=str(session))
        listed = rows(world, asked)
        assert listed == rows(world, asked)
        assert listed[0] == 1
        drawn += len(set(listed) - usual)
    assert drawn / 2000 == pytest.approx(0.25, rel=0.1)


def test_new_videos_have_their_share_of_exposure() -> None:
    viewers = [9] * 60 + [0] * 60
    world = context([0, 1] * 60, viewers, diversity=0.0, new_video_quota=0.15)
    shown = new = 0
    for number in range(200):
        asked = replace(query(history([0, 2]), k=5), user_id=f"user {number}")
        listed = rows(world, asked)
        shown += len(listed)
        new += sum(row >= 60 for row in listed)
    assert new / shown == pytest.approx(0.15, rel=0.1)


def test_the_next_page_holds_new_items_until_none_is_left() -> None:
    world = flat(23, exploration_rate=0.3, diversity=0.2)
    pages = [rows(world, query(TASTE, k=5, page=page, session="s")) for page in range(1, 7)]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 2, 0]
    assert sorted(row for page in pages for row in page) == list(range(1, 23))


def test_pinned_and_required_videos_where_they_may_be_seen() -> None:
    owner = {"pinned": ["v7", "v0", "v5", "gone"], "required": ["v9", "v2", "v8"]}
    world = flat(10, {"access": [None] * 8 + [["staff"], None]}, owner=owner)
    listed = rows(world, query(TASTE, k=5))
    assert listed[:2] == [7, 5]  # v0 is seen, v8 may not be opened
    assert listed[2:] == [1, 2, 9]
    maker = Recommender(world.catalogue, world.model, world.section)
    reasons = [pick.reason for pick in maker.recommend(query(TASTE, k=5))]
    assert "Chosen" in reasons[0]
    assert rows(world, query(TASTE, k=1)) == [7]


def test_prerequisites_come_before_what_needs_them() -> None:
    needs = [None, ["v0"], ["v0", "v1"], ["v4"], ["v3"], ["gone", "v5"], None]
    world = flat(7, {"needs": needs}, rules=["seen", "prerequisites"])
    assert rows(world, query(history([6]))) == [0, 3, 4, 5]  # 3 and 4 need each other
    assert rows(world, query(history([0]))) == [1, 3, 4, 5, 6]
    assert 2 in rows(world, query(history([0, 1])))
    assert 1 not in rows(world, query(history([0, 6], [-1.0, 1.0])))  # given up is not done


def test_half_done_is_not_done_and_may_be_continued() -> None:
    terms: dict[str, list[Any]] = {
        "needs": [None, ["v0"], None],
        "series": ["s", "s", None],
        "episode": [1, 2, None],
    }
    settings: dict[str, Any] = {"rules": ["seen", "prerequisites", "series"], "continue_below": 0.9}
    world = flat(3, terms, **settings)
    assert rows(world, query(history([0], [0.4])))[0] == 0
    assert rows(world, query(history([0, 0], [0.4, 1.0])))[0] == 1
    assert 1 not in rows(world, query(history([0], [0.4])))


def test_levels_rise_by_one_step() -> None:
    world = flat(5, {"level": [1, 2, 3, None, 1]}, rules=["seen", "level"])
    assert rows(world, query(history([0]))) == [1, 3, 4]
    assert rows(world, query(history([1]))) == [0, 2, 3, 4]
    assert rows(world, query(history([3]))) == [0, 1, 2, 4]


def test_series_go_on_with_the_next_part_and_wait_with_later_ones() -> None:
    series = [None, "a", "a", "a", "b", "b", None, "a"]
    episode = [None, 3, 1, 2, 2, 1, None, None]
    world = flat(8, {"series": series, "episode": episode}, rules=["seen", "series"])
    assert rows(world, query(history([0, 2]), k=8)) == [3, 5, 6, 1, 4, 7]
    assert rows(world, query(history([2, 5]), k=8))[:2] == [4, 3]
    off = flat(8, {"series": series, "episode": episode}, rules=["seen", "series"], series_share=0)
    assert rows(off, query(history([0, 2]), k=8))[0] == 3


def test_only_channels_that_are_live_now() -> None:
    schedule = ["Mon 10:00-12:00", "Mon 10:00-12:00", "Sun 23:00-01:00; Tue 8:00-9:00", None, "?"]
    world = flat(5, {"schedule": schedule}, rules=["seen", "live"])
    hour = 3_600_000
    for moment, expected in (
        (MONDAY, [2]),
        (MONDAY + 10 * hour, [1]),
        (MONDAY + 12 * hour, []),
        (MONDAY + 32 * hour, [2]),
        (MONDAY - hour, [2]),
    ):
        assert rows(world, query(TASTE, requested_at=moment)) == expected
    assert "'live' leaves nothing" in notes(world, query(TASTE))


def test_schedules_are_read_or_refused_whole() -> None:
    assert slots("Mon 00:00-24:00") == [(0, 1440)]
    assert slots("sunday 23:30-00:30") == [(10050, 10080), (0, 30)]
    assert slots("Mon 10:00-11:00; soon") is None
    assert slots("Mon 25:00-26:00") is None
    assert slots(" ") is None
    assert minute_of_week(MONDAY) == 0
    assert minute_of_week(MONDAY - 60_000) == 7 * 1440 - 1


def test_protecting_rules_hold_also_where_the_config_names_none() -> None:
    world = flat(3, {"access": [None, ["staff"], None]}, rules=[])
    assert 1 not in rows(world, told())
