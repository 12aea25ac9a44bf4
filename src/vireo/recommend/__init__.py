"""List generation: retrieve, rank, rules, explain; each a Step: (Query, Slate) -> Slate."""

from vireo.recommend.base import Pick, Query, Reason, RecommendSection, Slate, Step
from vireo.recommend.registry import EXPLAINERS, RANKERS, RETRIEVERS, RULES

__all__ = [
    "EXPLAINERS",
    "RANKERS",
    "RETRIEVERS",
    "RULES",
    "Pick",
    "Query",
    "Reason",
    "RecommendSection",
    "Slate",
    "Step",
]
