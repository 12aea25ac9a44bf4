"""Immutable, content-addressed results on disk; `live.json` is the only thing that moves."""

from vireo.artifacts.published import PublishedPointer
from vireo.artifacts.store import ArtifactStore, Manifest

__all__ = ["ArtifactStore", "Manifest", "PublishedPointer"]
