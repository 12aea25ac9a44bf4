"""EngineContract: tests that every engine must pass; subclass it and set `engine`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, overload

from vireo.engine.base import Engine


class EngineContract:
    """Tests for any Engine: `class TestMine(EngineContract): engine = Mine(section)`."""

    engine: Engine

    def test_outcomes_come_in_the_order_of_the_items(self) -> None:
        items = [3, 0, 2, 1] * 5
        outcomes = list(self.engine.map(squared, items, timeout=60))
        assert [outcome.index for outcome in outcomes] == list(range(20))
        assert [outcome.value for outcome in outcomes] == [item**2 for item in items]
        assert {outcome.kind for outcome in outcomes} == {"done"}

    def test_no_items_no_outcomes(self) -> None:
        assert list(self.engine.map(squared, [])) == []

    def test_an_item_that_fails_costs_only_its_own_outcome(self) -> None:
        first, bad, last = self.engine.map(inverse, [4, 0, 2])
        assert (first.value, last.value) == (0.25, 0.5)
        assert (bad.value, bad.kind, bad.index) == (None, "error", 1)
        assert "ZeroDivisionError" in bad.error

    def test_the_error_is_one_line(self) -> None:
        (outcome,) = self.engine.map(two_lines, [0])
        assert outcome.error == "ValueError: first second"

    def test_the_function_may_be_a_callable_object(self) -> None:
        assert [o.value for o in self.engine.map(Adder(10), [1, 2])] == [11, 12]

    def test_look_ahead_is_bounded(self) -> None:
        items = CountingSequence(100_000)
        outcomes = self.engine.map(squared, items)
        with closing(outcomes):  # type: ignore[type-var]
            assert next(outcomes).value == 0
            assert items.highest_index < 2_000

    def test_the_engine_can_be_used_again_after_an_early_end(self) -> None:
        outcomes = self.engine.map(squared, range(50))
        with closing(outcomes):  # type: ignore[type-var]
            next(outcomes)
        assert [outcome.value for outcome in self.engine.map(squared, [5])] == [25]

    def test_large_items_and_values_pass(self) -> None:
        (outcome,) = self.engine.map(reversed_bytes, [b"ab" * 1_000_000])
        assert outcome.value == b"ba" * 1_000_000


class CountingSequence(Sequence[int]):
    """0, 1, 2, ...; records the highest index that was read."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.highest_index = 0

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...

    def __getitem__(self, index: Any) -> Any:
        if index >= self.length:
            raise IndexError(index)
        self.highest_index = max(self.highest_index, index)
        return index


class Adder:
    """Adds a number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, item: int) -> int:
        return item + self.number


def squared(item: int) -> int:
    return item**2


def inverse(item: int) -> float:
    return 1 / item


def two_lines(item: int) -> None:
    raise ValueError("first\nsecond")


def reversed_bytes(item: bytes) -> bytes:
    return item[::-1]
