"""Lists in blocks equal the lists of single users."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from bench.synthetic_lists_world import queries, world
from vireo.behavior.base import History
from vireo.interest.base import InterestModel
from vireo.recommend.base import ParsedPreference, Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.recommender import Recommender
from vireo.recommend.registry import RULES
from vireo.recommend.retrieve.block import best_columns
from vireo.recommend.settings import RecommendSection
from vireo.store.base import UserAttributes

VIDEOS = 6000
TIES = 1e-3
"""Totals that differ by less may change places: sums are rounded in another order."""


@pytest.fixture(scope="module")
def made() -> tuple[Catalogue, InterestModel]:
    return world(VIDEOS, 16, 3)


def maker_of(made: tuple[Catalogue, InterestModel], **settings: object) -> Recommender:
    section = RecommendSection.model_validate(settings)
    return Recommender(*made, section)


def asked(catalogue: Catalogue, count: int = 60) -> list[Query]:
    """Viewers of several kinds, one of them without anything wanted."""
    told = [
        UserAttributes("a", 30.0, "DE", ("en",), ("staff",)),
        UserAttributes("b", 12.0, "", (), ()),
        UserAttributes("c", None, "FR", ("de", "fr"), ()),
    ]
    found = [
        replace(query, attributes=told[number % 3], user_id=f"user {number}")
        for number, query in enumerate(queries(catalogue, count, 5))
    ]
    found[7] = replace(found[7], history=History.empty())
    return found


def assert_alike(maker: Recommender, query: Query, rows: np.ndarray, alone: np.ndarray) -> None:
    """The same videos, but for those whose totals cannot be told apart."""
    if rows.tolist() == alone.tolist():
        return
    slate = maker.listed(replace(query, k=len(query.history) + 200))
    total = dict(zip(slate.videos.tolist(), slate.scores.tolist(), strict=True))
    for one, other in zip(rows.tolist(), alone.tolist(), strict=True):
        assert abs(total[one] - total[other]) < TIES, (rows, alone)


@pytest.mark.parametrize(
    "rules",
    [
        ("seen",),
        ("seen", "language", "expiry", "live", "prerequisites", "level"),
        (
            "seen",
            "impression-discount",
            "freshness",
            "diversity",
            "new-video-quota",
            "pinned",
            "required",
        ),
    ],
    ids=["seen", "filters", "orders"],
)
def test_the_lists_are_those_of_one_by_one(
    made: tuple[Catalogue, InterestModel], rules: tuple[str, ...]
) -> None:
    owner = {"pinned": ["v3"], "required": ["v4"], "blocked_topics": ["topic 9"]}
    maker = maker_of(
        made, rules=rules, max_age_days=650, freshness_boost=0.2, owner=owner, candidates=1000
    )
    people = asked(made[0])
    slates = maker.slates(people)
    for query, (slate, _) in zip(people, slates, strict=True):
        assert_alike(maker, query, slate.videos, maker.rows(query))
    in_block = [there for _, there in slates]
    assert sum(in_block) >= 58
    assert not in_block[7]


def test_whoever_asks_for_more_gets_the_road_of_one(
    made: tuple[Catalogue, InterestModel],
) -> None:
    catalogue = made[0]
    wish = ParsedPreference("less of this", -1.0, catalogue.text[5])
    plain = asked(catalogue, 8)
    plain[1] = replace(plain[1], preferences=(wish,))
    plain[2] = replace(plain[2], text="sea", text_vector=catalogue.text[9])
    maker = maker_of(made)
    slates = maker.slates(plain)
    assert [there for _, there in slates] == [n not in (1, 2, 7) for n in range(8)]
    for row in (1, 2, 7):
        assert slates[row][0].videos.tolist() == maker.rows(plain[row]).tolist()


def test_what_is_barred_never_comes(made: tuple[Catalogue, InterestModel]) -> None:
    maker = maker_of(made, rules=tuple(RULES.names()), creator_cap=2, exploration_rate=0.2)
    people = asked(made[0])
    for query, (slate, _) in zip(people, maker.slates(people), strict=True):
        admitted, _ = maker.eligibility.apply(query)
        assert admitted.eligible is not None
        assert admitted.eligible[slate.videos].all()
        assert not set(slate.videos.tolist()) & set(query.history.videos.tolist())
        assert len(set(slate.videos.tolist())) == len(slate)


def test_a_video_that_is_one_viewers_alone_comes_to_them(
    made: tuple[Catalogue, InterestModel],
) -> None:
    catalogue, model = made
    people = asked(catalogue, 8)
    best = int(maker_of(made, rules=("seen",)).slates(people)[0][0].videos[0])
    access = [["user:user 0"] if video == best else None for video in range(VIDEOS)]
    terms = catalogue.given_terms.with_columns(access=pl.Series(access, dtype=pl.List(pl.String)))
    own = replace(catalogue, given_terms=terms)
    maker = maker_of((own, model), rules=("seen",))
    slates = maker.slates(people)
    assert slates[0][0].videos[0] == best
    assert slates[0][1]
    assert all(best not in slate.videos for slate, _ in slates[1:])


def test_blocks_of_any_size_give_the_same_lists(
    made: tuple[Catalogue, InterestModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = asked(made[0], 30)
    one, other = maker_of(made), maker_of(made)
    assert one.block_size > 30
    monkeypatch.setattr("vireo.recommend.retrieve.block.MAX_USERS", 7)
    assert other.block_size == 7
    for query, (a, _), (b, _) in zip(people, one.slates(people), other.slates(people), strict=True):
        assert_alike(one, query, a.videos, b.videos)


def test_the_best_are_found_by_strips() -> None:

    random = np.random.default_rng(0)
    for width in (50, 640, 6401, 20_000):
        scores = random.normal(size=(5, width)).astype(np.float32)
        scores[0, width // 2 :] = -np.inf
        columns, values = best_columns(scores, 40)
        expected = -np.sort(-scores, axis=1)[:, :40]
        assert np.array_equal(values, expected)
        assert np.array_equal(np.take_along_axis(scores, columns, axis=1), values)
