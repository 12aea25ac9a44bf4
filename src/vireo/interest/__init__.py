"""User-interest modelling: experts trained apart, then added with few global weights."""

from vireo.interest.base import Batch, Expert, InterestModel, InterestSection, Training
from vireo.interest.registry import EXPERTS

__all__ = ["EXPERTS", "Batch", "Expert", "InterestModel", "InterestSection", "Training"]
