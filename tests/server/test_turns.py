"""Lists take turns, the loop has its own between two of them, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from vireo.server.turns import QUICK_SECONDS, Turns


def test_the_loop_has_answered_one_list_before_the_next_is_made() -> None:
    answered: list[int] = []
    seen: list[int] = []

    async def ask(turns: Turns, number: int) -> None:
        await turns.take(lambda: seen.append(len(answered)))
        answered.append(number)

    async def everybody() -> None:
        turns = Turns(1)
        await asyncio.gather(*(ask(turns, number) for number in range(20)))
        turns.close()

    asyncio.run(everybody())
    assert answered == list(range(20)), "first come, first served"
    assert seen == list(range(20))


def test_what_a_list_raises_is_raised_and_the_next_has_its_turn() -> None:
    async def both() -> str:
        turns = Turns(1)
        with pytest.raises(ZeroDivisionError):
            await turns.take(lambda: 1 // 0)
        name = await turns.take(lambda: threading.current_thread().name)
        turns.close()
        return name

    assert asyncio.run(both()).startswith("vireo-lists")


def named() -> str:
    return threading.current_thread().name


def where(turns: Turns, *makes: tuple[Callable[[], object], bool]) -> list[object]:
    """What each made, one after the other; `named` tells in which thread."""

    async def take() -> list[object]:
        found = [await turns.take(make, quick) for make, quick in makes]
        turns.close()
        return found

    return asyncio.run(take())


def test_quick_lists_are_made_where_they_are_asked_for_and_others_in_a_thread() -> None:
    here = threading.current_thread().name
    assert where(Turns(1), (named, True), (named, False)) == [here, "vireo-lists_0"]


def test_with_several_threads_or_a_database_elsewhere_all_are_made_in_threads() -> None:
    for turns in (Turns(2), Turns(1, waits=True)):
        assert str(where(turns, (named, True))[0]).startswith("vireo-lists")


def test_lists_that_took_long_go_to_a_thread_until_they_are_quick_again() -> None:
    here, slow = threading.current_thread().name, lambda: time.sleep(20 * QUICK_SECONDS)
    found = where(Turns(1), (named, True), (slow, True), *[(named, True)] * 50)
    assert found[0] == here
    assert found[2] == "vireo-lists_0"
    assert found[-1] == here


def test_a_refusal_is_told_between_two_quick_lists() -> None:
    """Twenty wait; what comes once the first is made has its answer before the third is begun."""
    made: list[str] = []

    async def ask(turns: Turns) -> None:
        await turns.take(lambda: made.append("list"), quick=True)

    async def refuse() -> None:
        while not made:
            await asyncio.sleep(0)
        made.append("refusal")

    async def everybody() -> None:
        turns = Turns(1)
        await asyncio.gather(*(ask(turns) for _ in range(20)), refuse())
        turns.close()

    asyncio.run(everybody())
    assert made.index("refusal") <= 2
