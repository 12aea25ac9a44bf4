"""Vireo: from video files and behaviour to explained, personal lists of videos.

>>> import vireo
>>> ws = vireo.Workspace.create("movie-night")               # doctest: +SKIP
>>> ws.ingest(videos="video_data.csv", events="user_data.csv")   # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vireo.config import Config
    from vireo.data.base import Split, Tables
    from vireo.errors import VireoError
    from vireo.recommend.base import Pick, Query, Slate
    from vireo.recommend.recommender import Picks
    from vireo.store.base import LiveEvent
    from vireo.workspace import Workspace

__version__ = "0.1.0"

_HOMES = {
    "Config": "vireo.config",
    "LiveEvent": "vireo.store.base",
    "Pick": "vireo.recommend.base",
    "Picks": "vireo.recommend.recommender",
    "Query": "vireo.recommend.base",
    "Slate": "vireo.recommend.base",
    "Split": "vireo.data.base",
    "Tables": "vireo.data.base",
    "VireoError": "vireo.errors",
    "Workspace": "vireo.workspace",
}

__all__ = [
    "Config",
    "LiveEvent",
    "Pick",
    "Picks",
    "Query",
    "Slate",
    "Split",
    "Tables",
    "VireoError",
    "Workspace",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import vireo` stays light."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vireo' has no attribute {name!r}")
