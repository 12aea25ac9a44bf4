"""The retriever of creators: the newest videos of those that the viewer returns to."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.worlds import context, history, query
from vireo.behavior.base import History
from vireo.recommend.base import Slate
from vireo.recommend.context import StepContext
from vireo.recommend.recommender import Recommender
from vireo.recommend.retrieve.creators import MAX_CREATORS, SameCreator, favorites


def world(**more: object) -> StepContext:
    """Ann has rows 0 to 3 (3 is the newest), Bob 4 to 7, nobody is told of 8 and 9."""
    names = ["ann"] * 4 + ["bob"] * 4 + [None] * 2
    return context([0] * 10, [9] * 10, {"creator": names}, **more)


def found(place: StepContext, seen: History, k: int = 5) -> list[int]:
    rows: list[int] = SameCreator(place)(query(seen, k), Slate.empty()).videos.tolist()
    return rows


def test_the_unseen_videos_of_favourite_creators_become_candidates() -> None:
    assert set(found(world(), history([0, 1]))) == {2, 3}
    assert set(found(world(), history([0, 4]))) == {1, 2, 3, 5, 6, 7}
    assert found(world(), history([8])) == [], "of no creator nothing follows"
    assert found(world(), History.empty()) == []
    assert found(world(), history([0], [-1.0])) == [], "what was disliked speaks for nobody"


def test_the_newest_come_where_there_is_no_room_for_all() -> None:
    assert found(world(candidates=1), history([0]), k=1) == [3]


def test_favourites_are_in_the_order_of_what_was_wanted() -> None:
    place = world()
    creators = place.catalogue.creator_of
    one, other = int(creators[0]), int(creators[4])
    assert favorites(history([0, 4, 5]), place.catalogue).tolist() == [other, one]
    assert favorites(history([0, 4, 5], [3, 1, 1]), place.catalogue).tolist() == [one, other]


def test_candidates_are_scored_by_the_experts_and_reach_the_list() -> None:
    place = world(candidates=1, diversity=0.0, new_video_quota=0.0)
    slate = Recommender(place.catalogue, place.model, place.section).slate(query(history([4]), 1))
    assert set(slate.sources) >= {"ease"}
    plain = [0.0] * len(slate)
    assert slate.sources["ease"].tolist() != plain


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), k=st.integers(1, 9))
def test_only_open_videos_of_wanted_creators_the_newest_first(seed: int, n: int, k: int) -> None:
    """Against a loop over all videos."""
    random = np.random.default_rng(seed)
    names = [
        str(random.integers(0, 2 * MAX_CREATORS)) if random.random() < 0.8 else None
        for _ in range(n)
    ]
    dates = random.permutation(n).tolist()
    place = context([0] * n, [1] * n, {"creator": names, "published_at": dates}, candidates=6)
    seen = random.permutation(n)[: int(random.integers(0, n))].tolist()
    rows = found(place, history(seen), k)
    wanted = {names[row] for row in seen} - {None}
    each = -(-max(6, k) // max(1, min(MAX_CREATORS, len(wanted))))
    for name in wanted:
        theirs = [row for row in range(n) if names[row] == name and row not in seen]
        newest = sorted(theirs, key=lambda row: -dates[row])[:each]
        got = [row for row in rows if names[row] == name]
        assert len(wanted) > MAX_CREATORS or set(got) == set(newest)
    assert not set(rows) & set(seen)
    assert {names[row] for row in rows} <= wanted
