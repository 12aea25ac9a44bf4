"""Workspace: one catalogue with its users, settings and builds in one directory."""

from vireo.workspace.resources import CONFIG
from vireo.workspace.workspace import Workspace

__all__ = ["CONFIG", "Workspace"]
