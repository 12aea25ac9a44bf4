"""Every built-in retriever, ranker, rule and explainer keeps the contract of a Step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.recommend import EXPLAINERS, RANKERS, RETRIEVERS, RULES
from vireo.recommend.contract import StepContract, queries, slates, small_context

PARTS = [
    pytest.param(registry.get(name), id=f"{registry.group}-{name}")
    for registry in (RETRIEVERS, RANKERS, RULES, EXPLAINERS)
    for name in registry.names()
]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)


@pytest.mark.parametrize("part", PARTS)
class TestBuiltIn(StepContract):
    @pytest.fixture(autouse=True)
    def _take(self, part: type) -> None:
        type(self).step = part


class Repeats:
    """A broken step: it says every candidate twice."""

    def __init__(self, step_context: object) -> None: ...

    def __call__(self, query: object, slate: object) -> object:
        return slate.take(np.repeat(np.arange(len(slate)), 2))  # type: ignore[attr-defined,arg-type]


def test_the_contract_catches_a_step_that_repeats(tmp_path: Path) -> None:
    class Broken(StepContract):
        step = Repeats

    with pytest.raises(AssertionError):
        Broken().test_candidates_are_rows_of_the_catalogue_without_repeats(tmp_path)


def test_the_small_shelves_hold_what_the_contract_needs(context: Context) -> None:
    step_context = small_context(context)
    assert (step_context.catalogue.user_counts == 0).sum() == 2
    assert len(list(queries())) == 12
    assert {len(slate) for slate in slates()} == {0, 1, 8}
