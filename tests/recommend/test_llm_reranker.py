"""LLM reranking: used or skipped with a note; it only changes the order."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.generate.world import says, serving
from tests.recommend.worlds import Written, context, history, query
from vireo.behavior.base import History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.language.generate import GeneratedValue, Generator, Prompt, generator
from vireo.recommend.base import Slate
from vireo.recommend.rank.llm_reranker import RankingReply, permutation
from vireo.recommend.recommender import Recommender


def listed(writer: Generator | None, seen: History, **reranker: Any) -> Slate:
    world = context(
        [0] * 12,
        [9] * 12,
        diversity=0.0,
        new_video_quota=0.0,
        reranker={"enabled": True, "candidates": 4, **reranker},
    )
    maker = Recommender(world.catalogue, world.model, world.section, writer)
    return maker.slate(query(seen, k=6, remote=True))


def ordered(*numbers: int) -> Written:
    return Written(lambda _: GeneratedValue(RankingReply(order=list(numbers))))


PLAIN = [2, 3, 4, 5, 6, 7]
SEEN = history([0, 1])


def test_the_given_order_is_taken_and_the_rest_stays() -> None:
    writer = ordered(3, 1, 4, 2)
    slate = listed(writer, SEEN)
    assert slate.videos.tolist() == [4, 2, 5, 3, 6, 7]
    assert slate.notes == ("Language-model reranking: used (test model).",)
    assert list(slate.scores) == sorted(slate.scores, reverse=True)
    (prompt,) = writer.prompts
    assert [told["number"] for told in prompt.data["candidates"]] == [1, 2, 3, 4]
    assert [told["title"] for told in prompt.data["watched"]] == ["Video 0", "Video 1"]
    assert prompt.personal == {"histories"}
    assert "ana" not in str(prompt.data), "who asks is nobody's business"


@pytest.mark.parametrize("numbers", [(1, 2, 3), (1, 2, 3, 3), (0, 1, 2, 3), (1, 2, 3, 4, 5), ()])
def test_what_is_no_permutation_changes_nothing(numbers: tuple[int, ...]) -> None:
    slate = listed(ordered(*numbers), SEEN)
    assert slate.videos.tolist() == PLAIN
    assert "skipped because its answer was no permutation" in slate.notes[0]


@given(st.lists(st.integers(-2, 6), max_size=8))
def test_only_permutations_pass(numbers: list[int]) -> None:
    found = permutation(RankingReply(order=numbers), 4)
    assert (found is not None) == (sorted(numbers) == [1, 2, 3, 4])


def test_every_way_of_skipping_is_said() -> None:
    failing = Written(lambda _: GeneratedValue(None, "the budget is spent"))
    unused = ordered(1, 2, 3, 4)
    cases: tuple[tuple[Written | None, History, dict[str, Any], str], ...] = (
        (None, SEEN, {}, "no LLM is configured"),
        (failing, SEEN, {}, "the budget is spent"),
        (unused, SEEN, {"max_history": 1}, "more than 1 videos"),
        (unused, History.empty(), {}, "nothing is known of this viewer"),
    )
    for writer, seen, settings, why in cases:
        slate = listed(writer, seen, **settings)
        assert any(f"skipped because {why}" in n or why in n for n in slate.notes), why
        if seen is SEEN:
            assert slate.videos.tolist() == PLAIN
    assert not unused.prompts, "a gate that is shut asks nothing"


def test_a_list_does_not_wait_for_a_slow_model() -> None:
    done = threading.Event()

    def wait(_: Prompt[Any]) -> GeneratedValue[Any]:
        done.wait(20)
        return GeneratedValue(RankingReply(order=[4, 3, 2, 1]))

    slate = listed(Written(wait), SEEN, timeout_seconds=0.05)
    done.set()
    assert slate.videos.tolist() == PLAIN
    assert "skipped because it took longer than 0.05 s" in slate.notes[0]


def test_off_unless_asked_for() -> None:
    writer = ordered(4, 3, 2, 1)
    slate = listed(writer, SEEN, enabled=False)
    assert slate.videos.tolist() == PLAIN
    assert not writer.prompts
    assert not slate.notes


@pytest.mark.parametrize(("remote", "agreed", "asked"), [(1, 0, 0), (1, 1, 1), (0, 0, 1)])
def test_a_model_elsewhere_hears_only_of_viewers_who_agreed(
    remote: int, agreed: int, asked: int
) -> None:
    writer = ordered(4, 3, 2, 1)
    writer.remote = bool(remote)
    world = context([0] * 12, [9] * 12, reranker={"enabled": True, "candidates": 4})
    maker = Recommender(world.catalogue, world.model, world.section, writer)
    slate = maker.slate(query(SEEN, k=6, remote=bool(agreed)))
    assert len(writer.prompts) == asked
    assert any("remote_models" in note for note in slate.notes) == (not asked)


def test_a_real_server_is_asked_only_with_leave_to_tell_it_histories(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), 0)
    with serving(says('{"order": [4, 3, 2, 1]}')) as served:
        shut = generator(served.section(), context)
        assert "histories stay here" in listed(shut, SEEN, timeout_seconds=30).notes[0]
        assert not served.asked
        leave = generator(served.section(allowed_data=("histories",)), context)
        slate = listed(leave, SEEN, timeout_seconds=30)
    assert slate.videos.tolist() == [5, 4, 3, 2, 6, 7]
    assert len(served.asked) == 1
