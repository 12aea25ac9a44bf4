"""The contract suites that the built-in parts pass, for the parts of this package."""

from __future__ import annotations

from vireo_example.distinct_titles import DistinctTitles
from vireo_example.markov_chain import MarkovChain

from vireo.testing import ContributionsContract, StepContract


class TestMarkovChain(ContributionsContract):
    expert = MarkovChain


class TestDistinctTitles(StepContract):
    step = DistinctTitles
