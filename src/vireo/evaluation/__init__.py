"""Evaluation: full ranking of held-out events, with intervals, and comparison of systems."""

from vireo.evaluation.compare import compare
from vireo.evaluation.report import Comparison, Report
from vireo.evaluation.run import evaluate

__all__ = ["Comparison", "Report", "compare", "evaluate"]
