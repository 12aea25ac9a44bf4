"""Edge cases: one video, all seen, k beyond the catalogue, odd ids, very long histories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.worlds import context, history, query
from vireo.behavior.base import History
from vireo.recommend.context import StepContext
from vireo.recommend.recommender import Recommender
from vireo.recommend.registry import RULES
from vireo.store.base import UserAttributes

EVERY_RULE = {
    "rules": [name for name in RULES.names() if name != "live"],
    "calibration": 0.5,
    "creator_cap": 1,
    "freshness_boost": 0.5,
    "exploration_rate": 0.3,
    "max_age_days": 1000,
}


def maker(world: StepContext) -> Recommender:
    return Recommender(world.catalogue, world.model, world.section)


@pytest.mark.parametrize("settings_", [{}, EVERY_RULE])
def test_one_video(settings_: dict[str, Any]) -> None:
    one = maker(context([0], [1], **settings_))
    for k in (1, 7):
        assert one.rows(query(History.empty(), k)).tolist() == [0]
        assert one.rows(query(history([0]), k)).tolist() == []
    assert "seen everything" in str(one.recommend(query(history([0]))))


@pytest.mark.parametrize("settings_", [{}, EVERY_RULE])
def test_every_video_seen_gives_an_empty_list_that_says_so(settings_: dict[str, Any]) -> None:
    world = context([0, 0, 1, 1], [3, 3, 3, 3], **settings_)
    for page in (1, 2):
        picks = maker(world).recommend(query(history([0, 1, 2, 3]), page=page))
        assert len(picks) == 0
        assert any("seen everything" in note for note in picks.notes)


@pytest.mark.parametrize("settings_", [{}, EVERY_RULE])
def test_k_beyond_the_catalogue_gives_what_there_is(settings_: dict[str, Any]) -> None:
    made = maker(context([0] * 6 + [1] * 6, [5] * 12, **settings_))
    for k in (12, 13, 10**6):
        assert sorted(made.rows(query(history([3]), k)).tolist()) == [0, 1, 2, *range(4, 12)]
        assert sorted(made.rows(query(History.empty(), k)).tolist()) == list(range(12))
        assert made.rows(query(history([3]), k, page=2)).tolist() == []


def test_a_page_beyond_the_catalogue_is_empty_and_makes_no_page_before_it() -> None:
    world = context([0] * 6 + [1] * 6, [5] * 12)
    made, asked = maker(world), query(history([3]), 4)
    pages = [made.rows(replace(asked, page=page)).tolist() for page in (1, 2, 3, 4)]
    assert sorted(row for page in pages for row in page) == [0, 1, 2, *range(4, 12)]
    assert made.rows(replace(asked, page=10**9)).tolist() == []  # a loop would not end


def test_ids_that_nobody_knows_change_nothing() -> None:
    plain = context([0] * 6, [5] * 6)
    owner = {
        "pinned": ["nowhere", "", "../v1"],
        "required": ["v99", "\u0000"],
        "blocked_videos": ["v-1"],
        "blocked_creators": ["nobody"],
        "blocked_topics": ["nothing"],
    }
    strange = replace(
        plain,
        section=plain.section.model_validate({**plain.section.model_dump(), "owner": owner}),
    )
    for user in ("ana", "", "\u2603" * 5000, "Robert'); DROP TABLE"):
        asked = replace(query(history([0])), user_id=user)
        assert maker(strange).rows(asked).tolist() == maker(plain).rows(asked).tolist()


@pytest.mark.parametrize("settings_", [{}, EVERY_RULE])
def test_a_viewer_with_a_hundred_thousand_events(settings_: dict[str, Any]) -> None:
    n, m = 300, 100_000
    world = context([row % 3 for row in range(n)], [5] * n, **settings_)
    random = np.random.default_rng(0)
    videos = random.integers(0, 200, m)
    weights = random.choice([1.0, 2.0, -1.0], m).astype(np.float32)
    giant = History(videos, weights, np.arange(m, dtype=np.int64))
    picks = maker(world).recommend(query(giant, 20))
    rows = [int(pick.video_id[1:]) for pick in picks]
    assert len(set(rows)) == 20
    assert min(rows) >= 200, "what was seen does not come again"
    assert all(pick.reason for pick in picks)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 14),
    k=st.integers(1, 8),
    page=st.integers(1, 2),
)
def test_the_owners_videos_come_where_they_may_and_nowhere_else(
    seed: int, n: int, k: int, page: int
) -> None:
    random = np.random.default_rng(seed)
    access = [["staff"] if random.random() < 0.4 else None for _ in range(n)]
    pinned, required = (
        [f"v{row}" for row in random.permutation(n + 2)[: random.integers(0, 4)]] for _ in range(2)
    )
    groups = ("staff",) if random.random() < 0.5 else ()
    seen = random.permutation(n)[: random.integers(0, n)].tolist()
    world = context(
        random.integers(0, 2, n).tolist(),
        random.integers(0, 4, n).tolist(),
        {"access": access},
        owner={"pinned": pinned, "required": required},
        exploration_rate=0.4,
        new_video_quota=0.4,
    )
    asked = query(history(seen), k, attributes=UserAttributes("ana", groups=groups), page=page)
    listed = maker(world).rows(asked).tolist()
    free = {r for r in range(n) if r not in seen and (access[r] is None or groups)}
    assert set(listed) <= free
    if page > 1:
        return
    on_top = [row for name in pinned if (row := int(name[1:])) in free][:k]
    assert listed[: len(on_top)] == on_top, "pinned ones open the list, in the owner's order"
    wanted = {row for name in required if (row := int(name[1:])) in free}
    have = wanted & set(listed)
    assert len(have) >= min(len(wanted), k - len([row for row in on_top if row not in wanted]))
