"""Evaluation: full ranking of held-out events, with intervals, and comparison of systems."""

from vireo.evaluation.compare import compare
from vireo.evaluation.evaluate_model import evaluate
from vireo.evaluation.report import Comparison, Report

__all__ = ["Comparison", "Report", "compare", "evaluate"]
