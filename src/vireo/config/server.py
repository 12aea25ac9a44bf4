"""The `[server]` section: address, limits, refresh intervals and experiments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from vireo.recommend.settings import RecommendSection
from vireo.settings import Section


class ServerSection(Section):
    """`[server]`: settings of `vireo serve`."""

    host: str = "127.0.0.1"
    """Address to listen on. Without keys only requests of this machine are answered."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """Port to listen on; 0 selects a free one."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names of the service, as in the `Host` header."""
    media_roots: tuple[str, ...] = ()
    """Folders of files that `PUT /v1/videos` may name; empty: files are rejected."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 60_000
    """Rate limit of one service or owner key."""
    viewer_requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """Rate limit of one viewer key."""
    max_body_kb: Annotated[int, Field(ge=1)] = 1_024
    """Largest request body in KB; larger ones are rejected."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Lists computed at the same time. They share one interpreter: more threads help only if \
lists wait for a remote model."""
    max_queued_lists: Annotated[int, Field(ge=1)] = 12
    """Requests that may wait for a thread; more are answered 503 at once."""
    max_in_flight: Annotated[int, Field(ge=1)] = 64
    """Requests in flight; more are answered 503 at once."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Timeout of a request, and of requests in flight at shutdown."""
    refresh_seconds: Annotated[float, Field(gt=0)] = 1.0
    """Interval in which published builds, live videos, trends and keys are read again."""
    trending_window_hours: Annotated[float, Field(gt=0)] = 24.0
    """Window of the live events that trends count."""
    list_cache_size: Annotated[int, Field(ge=0)] = 5_000
    """Lists kept in memory until the user or the models change."""
    rebuild_interval_minutes: Annotated[float, Field(ge=0)] = 0.0
    """Interval of builds in the background; 0: builds start on request only."""
    experiment: Annotated[str, Field(max_length=200)] = ""
    """Name of the experiment; a new name assigns users to variants again."""
    variants: Mapping[str, RecommendSection] = Field(default_factory=dict)
    """Changed settings of [recommend] by variant; each user gets a variant or `control`."""
