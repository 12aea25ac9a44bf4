"""Lists take turns, the loop has its own between two of them, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from vireo.server.list_executor import QUICK_SECONDS, ListExecutor, NeedsThread
from vireo.store.base import Preference, UserAttributes, UserState

Make = Callable[[bool], object]


def named(at_once: bool) -> str:
    """In which thread."""
    return threading.current_thread().name


def apart(at_once: bool) -> str:
    if at_once:
        raise NeedsThread
    return named(at_once)


def where(turns: ListExecutor, *makes: Make) -> list[object]:
    """What each made, one after the other."""

    async def take() -> list[object]:
        found = [await turns.take(make) for make in makes]
        turns.close()
        return found

    return asyncio.run(take())


@pytest.mark.parametrize("waits", [False, True])
def test_the_loop_has_answered_one_list_before_the_next_is_made(waits: bool) -> None:
    answered: list[int] = []
    seen: list[int] = []

    async def ask(turns: ListExecutor, number: int) -> None:
        await turns.take(lambda _: seen.append(len(answered)))
        answered.append(number)

    async def everybody() -> None:
        turns = ListExecutor(1, waits)
        await asyncio.gather(*(ask(turns, number) for number in range(20)))
        turns.close()

    asyncio.run(everybody())
    assert answered == list(range(20)), "first come, first served"
    assert seen == list(range(20))


@pytest.mark.parametrize("waits", [False, True])
def test_what_a_list_raises_is_raised_and_the_next_has_its_turn(waits: bool) -> None:
    async def both() -> str:
        turns = ListExecutor(1, waits)
        with pytest.raises(ZeroDivisionError):
            await turns.take(lambda _: 1 // 0)
        name = await turns.take(named)
        turns.close()
        return name

    here = threading.current_thread().name
    assert asyncio.run(both()) == ("vireo-lists_0" if waits else here)


def test_quick_lists_are_made_where_they_are_asked_for_and_others_in_a_thread() -> None:
    here = threading.current_thread().name
    assert where(ListExecutor(1), named, apart, named) == [here, "vireo-lists_0", here]


def test_with_several_threads_or_a_database_elsewhere_all_are_made_in_threads() -> None:
    for turns in (ListExecutor(2), ListExecutor(1, waits=True)):
        assert str(where(turns, named)[0]).startswith("vireo-lists")


def test_lists_that_took_long_go_to_a_thread_until_they_are_quick_again() -> None:
    def slow(at_once: bool) -> None:
        time.sleep(20 * QUICK_SECONDS)

    here = threading.current_thread().name
    found = where(ListExecutor(1), named, slow, *[named] * 60)
    assert found[0] == here
    assert found[2] == "vireo-lists_0"
    assert found[-1] == here


def test_what_came_meanwhile_has_its_answer_between_two_quick_lists() -> None:
    made: list[str] = []

    async def ask(turns: ListExecutor) -> None:
        await turns.take(lambda _: made.append("list"))

    async def refuse() -> None:
        while not made:
            await asyncio.sleep(0)
        made.append("refusal")

    async def everybody() -> None:
        turns = ListExecutor(1)
        await asyncio.gather(*(ask(turns) for _ in range(20)), refuse())
        turns.close()

    asyncio.run(everybody())
    assert made.index("refusal") <= 2


def test_lists_that_may_take_long_are_known_before_they_are_made(client: TestClient) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    served, ana = service.now.served, UserAttributes("ana")
    plain = UserState(ana)
    assert served.needs_no_model(plain, 100)
    assert not served.needs_no_model(plain, 101)
    assert not served.needs_no_model(plain, 10, text="boats")
    assert not served.needs_no_model(
        UserState(ana, preferences=(Preference("ana", "more boats"),)), 10
    )
    assert not served.needs_no_model(UserState(ana, choices={"query": "boats"}), 10)
    assert served.needs_no_model(UserState(ana, choices={"query": "boats"}, forgotten=True), 10)
    assert not served.needs_no_model(plain, 10, name="courses"), "it has to be made first"
    service.lists.listed("ana", 5, preset="courses")
    assert served.needs_no_model(plain, 10, name="courses")
    with pytest.raises(NeedsThread):
        service.lists.listed("ana", 101, at_once=True)
    with pytest.raises(NeedsThread):
        service.lists.session([], 10, "boats", at_once=True)
    assert len(service.lists.listed("ana", 3, at_once=True)[0]) == 3
