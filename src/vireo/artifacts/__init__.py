"""Immutable, content-addressed artifacts on disk, and the pointer to the published ones."""

from vireo.artifacts.published import PublishedPointer
from vireo.artifacts.store import ArtifactStore, Manifest

__all__ = ["ArtifactStore", "Manifest", "PublishedPointer"]
