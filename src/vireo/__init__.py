"""Vireo: from video files and behavior to explained, personal lists of videos.

>>> import vireo
>>> ws = vireo.Workspace.create("movie-night")
>>> report = ws.ingest(videos="video_data.csv", events="user_data.csv")
>>> report["events"]["read"], report["events"]["accepted"]
(480, 480)
>>> results = ws.build()                            # finished work is skipped
>>> for pick in ws.recommend("ana", k=5):
...     print(f"{pick.rank}. {pick.title:30} {pick.score:.2f}  {pick.reason}")
1. ...
2. ...
3. ...
4. ...
5. ...
>>> print(ws.similar("v-1042", k=3))                # works for a video without events
 1. ...
 2. ...
 3. ...
>>> report = ws.evaluate(cutoff="2026-03-01")
>>> print(report.against("popularity"))
fused 0... against popularity 0... ndcg@10: +0... (95% interval +0... to +0...)
>>> receipt = ws.forget("ana")
>>> receipt.source_rows > 0
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vireo.version import VERSION

if TYPE_CHECKING:
    from vireo.config import Config
    from vireo.data.base import Split, Tables
    from vireo.errors import VireoError
    from vireo.recommend.base import Pick, Query, Slate
    from vireo.recommend.recommender import Picks
    from vireo.store.base import LiveEvent
    from vireo.workspace import Workspace

__version__ = VERSION

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
