"""Lists take turns, the loop has its own between two of them, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import threading

import pytest

from vireo.server.turns import Turns


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
