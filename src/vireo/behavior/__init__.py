"""Behavior preprocessing: clean, weighted histories in order of time."""

from vireo.behavior.base import BehaviorSection, Histories, History

__all__ = ["BehaviorSection", "Histories", "History"]
