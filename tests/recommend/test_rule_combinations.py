"""Combinations of rules: no forbidden video, no duplicates, nothing allowed left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.worlds import context, history, query
from vireo.recommend import RULES
from vireo.recommend.recommender import Recommender
from vireo.store.base import UserAttributes

GROUPS = ("red", "green", "blue")
NOW = 4 * 86_400_000 + 36_000_000  # a Monday, 10:00 UTC


def random_terms(random: np.random.Generator, n: int) -> dict[str, list[Any]]:
    """Every column at random, half of the cells empty."""

    def column(make: Any) -> list[Any]:
        return [make() if random.random() < 0.5 else None for _ in range(n)]

    def some(words: tuple[str, ...]) -> list[str]:
        return [word for word in words if random.random() < 0.4]

    moments = (NOW - 5, NOW, NOW + 1)
    return {
        "access": column(lambda: some((*GROUPS, "user:ana"))),
        "regions": column(lambda: some(("DE", "US"))),
        "age_rating": column(lambda: int(random.integers(0, 22))),
        "language": column(lambda: str(random.choice(["en", "de"]))),
        "available_from": column(lambda: int(random.choice(moments))),
        "available_until": column(lambda: int(random.choice(moments))),
        "creator": column(lambda: str(random.choice(["ann", "bob"]))),
        "tags": column(lambda: some(("sea", "war"))),
        "series": column(lambda: str(random.choice(["s", "t"]))),
        "episode": column(lambda: int(random.integers(0, 4))),
        "needs": column(lambda: [f"v{random.integers(0, n)}"]),
        "level": column(lambda: int(random.integers(1, 4))),
        "schedule": column(lambda: str(random.choice(["Mon 09:00-11:00", "Tue 09:00-11:00"]))),
        "published_at": column(lambda: NOW - int(random.integers(0, 9)) * 86_400_000),
    }


def protected(terms: dict[str, list[Any]], row: int, viewer: UserAttributes) -> bool:
    """Whether the rules that never give way let this viewer see this video: written anew."""
    cell = {name: values[row] for name, values in terms.items()}
    may = cell["access"] is None or {*cell["access"]} & {*viewer.groups, "user:ana"}
    there = cell["regions"] is None or viewer.region in cell["regions"]
    grown = (cell["age_rating"] or 0) <= (18 if viewer.age is None else viewer.age)
    begun = cell["available_from"] is None or cell["available_from"] <= NOW
    over = cell["available_until"] is not None and cell["available_until"] <= NOW
    blocked = "war" in (cell["tags"] or []) or cell["creator"] == "bob"
    return bool(may and there and grown and begun and not over and not blocked)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 30),
    k=st.integers(1, 12),
    page=st.integers(1, 3),
    rules=st.lists(st.sampled_from(RULES.names()), unique=True),
)
def test_no_combination_forbids_doubles_or_withholds(
    seed: int, n: int, k: int, page: int, rules: list[str]
) -> None:
    random = np.random.default_rng(seed)
    terms = random_terms(random, n)
    some = [f"v{row}" for row in random.integers(0, n, 3)]
    world = context(
        random.integers(0, 3, n).tolist(),
        random.integers(0, 3, n).tolist(),
        dict(terms),
        rules=rules,
        candidates=int(random.integers(1, 8)),
        diversity=random.random(),
        calibration=random.random(),
        exploration_rate=random.random(),
        new_video_quota=random.random(),
        creator_cap=int(random.integers(0, 3)),
        freshness_boost=1.0,
        max_age_days=4,
        owner={
            "pinned": some[:2],
            "required": some[1:],
            "blocked_topics": ["war"],
            "blocked_creators": ["Bob"],
        },
    )
    ages = (None, 11.0, 17.0, 40.0)
    viewer = UserAttributes(
        "ana",
        ages[random.integers(0, 4)],
        str(random.choice(["", "DE"])),
        tuple(random.choice(["en", "fr"], random.integers(0, 2)).tolist()),
        tuple(group for group in GROUPS if random.random() < 0.5),
    )
    seen = random.choice(n, random.integers(0, n), replace=False).tolist()
    asked = query(
        history(seen),
        k,
        attributes=viewer,
        requested_at=NOW,
        page=page,
        impressions={int(random.integers(0, n)): 3},
    )
    maker = Recommender(world.catalogue, world.model, world.section)
    listed = maker.slate(asked).videos.tolist()
    assert len(listed) == len(set(listed)) <= k
    assert all(protected(terms, row, viewer) for row in listed)
    if "seen" in rules:
        assert not set(listed) & set(seen)
    if not set(rules) & {"language", "expiry", "live", "prerequisites", "level"}:
        free = [
            row
            for row in range(n)
            if protected(terms, row, viewer) and ("seen" not in rules or row not in seen)
        ]
        assert len(listed) == max(0, min(k, len(free) - k * (page - 1)))
    earlier: set[int] = set()
    for number in range(1, page):
        before = maker.slate(replace(asked, page=number)).videos.tolist()
        assert len(before) == k or not listed
        assert not set(before) & (earlier | set(listed))
        earlier |= set(before)
