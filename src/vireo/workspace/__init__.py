"""Workspace: one catalogue with its users, settings and builds in one directory."""

from vireo.workspace.workspace import CONFIG, Workspace

__all__ = ["CONFIG", "Workspace"]
