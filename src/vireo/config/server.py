"""The `[server]` section: how `vireo serve` listens, limits and refreshes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from vireo.recommend.settings import RecommendSection
from vireo.settings import Section


class ServerSection(Section):
    """`[server]`: how `vireo serve` answers."""

    host: str = "127.0.0.1"
    """Address to listen on. Without keys only this machine is answered."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """Port to listen on; 0 takes a free one."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the service is reached from outside, as in the `Host` header."""
    media_roots: tuple[str, ...] = ()
    """Folders in which the files of videos that come by `PUT` may lie; empty: none is taken."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 60_000
    """Requests that one service or owner key may send."""
    viewer_requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """Requests that one viewer key may send."""
    max_body_kb: Annotated[int, Field(ge=1)] = 1_024
    """Larger bodies are refused."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Lists that are made at the same time: they share one interpreter, so more are no faster, \
unless they wait for a model elsewhere."""
    max_queued_lists: Annotated[int, Field(ge=1)] = 12
    """Lists that wait to be made: at 3 ms a list, the last waits 40. Beyond it the answer is 503 \
at once, which is soon enough to ask another server."""
    max_in_flight: Annotated[int, Field(ge=1)] = 64
    """Requests in flight; beyond it the answer is 503 at once."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Longest time that a request may take, and that a shutdown waits for requests in flight."""
    refresh_seconds: Annotated[float, Field(gt=0)] = 1.0
    """How often published builds, live videos, trends and keys are looked at anew."""
    trending_window_hours: Annotated[float, Field(gt=0)] = 24.0
    """Live events of this last time make a trend."""
    list_cache_size: Annotated[int, Field(ge=0)] = 5_000
    """Lists that are kept until something about the viewer or the models changes."""
    rebuild_interval_minutes: Annotated[float, Field(ge=0)] = 0.0
    """A new build starts this often in the background; 0: only when it is asked for."""
    experiment: Annotated[str, Field(max_length=200)] = ""
    """Name of what is tried; another name deals the variants to viewers anew."""
    variants: Mapping[str, RecommendSection] = Field(default_factory=dict)
    """Name -> settings of [recommend] that differ; viewers get one of these, or `control`."""
