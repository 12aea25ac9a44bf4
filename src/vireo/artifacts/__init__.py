"""Immutable, content-addressed results on disk; `live.json` is the only thing that moves."""

from vireo.artifacts.published import Live
from vireo.artifacts.store import Artifacts, Manifest

__all__ = ["Artifacts", "Live", "Manifest"]
