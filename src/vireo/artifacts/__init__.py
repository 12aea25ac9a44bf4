"""Immutable, content-addressed results on disk; `live.json` is the only thing that moves."""

from vireo.artifacts.live import Live
from vireo.artifacts.shelf import Artifacts, Manifest

__all__ = ["Artifacts", "Live", "Manifest"]
