"""The settings of the service, its limits, and who calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from vireo.recommend.settings import RecommendSection
from vireo.settings import Section
from vireo.store.base import Scope

MOST_K = 200
"""Length of a list."""
MOST_BATCH = 1_000
"""Events in one request."""
MOST_TEXT = 1_000
"""Characters of a sentence, a title, a comment; descriptions and transcripts have limits of
their own."""
MOST_WORDS = 100_000
"""Characters of a description or a transcript."""


class ServerSection(Section):
    """`[server]`: how `vireo serve` answers."""

    host: str = "127.0.0.1"
    """Address to listen on. Without keys only this machine is answered."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """Port to listen on; 0 takes a free one."""
    hosts: tuple[str, ...] = ()
    """Names under which the service is reached from outside, as in the `Host` header."""
    media: tuple[str, ...] = ()
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
    line: Annotated[int, Field(ge=1)] = 12
    """Lists that wait to be made: at 3 ms a list, the last waits 40. Beyond it the answer is 503 \
at once, which is soon enough to ask another server."""
    max_waiting: Annotated[int, Field(ge=1)] = 64
    """Requests in flight; beyond it the answer is 503 at once."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Longest time that a request may take, and that a shutdown waits for requests in flight."""
    refresh_seconds: Annotated[float, Field(gt=0)] = 1.0
    """How often published builds, live videos, trends and keys are looked at anew."""
    trend_hours: Annotated[float, Field(gt=0)] = 24.0
    """Live events of this last time make a trend."""
    cached_lists: Annotated[int, Field(ge=0)] = 5_000
    """Lists that are kept until something about the viewer or the models changes."""
    rebuild_minutes: Annotated[float, Field(ge=0)] = 0.0
    """A new build starts this often in the background; 0: only when it is asked for."""
    experiment: Annotated[str, Field(max_length=200)] = ""
    """Name of what is tried; another name deals the variants to viewers anew."""
    variants: Mapping[str, RecommendSection] = Field(default_factory=dict)
    """Name -> settings of [recommend] that differ; viewers get one of these, or `control`."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request."""

    name: str
    """The key's id and name; `local` where no key is needed."""
    scope: Scope
    user_id: str | None = None
    """For `viewer`: the only user whose data may be seen and written, by the name that is kept."""
    known_as: Callable[[str], str] = field(default=str, compare=False, repr=False)
    """User id -> the name that is kept."""

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do what needs this scope."""
        return _ORDER.index(self.scope) >= _ORDER.index(scope)

    def may_act_for(self, user_id: str) -> bool:
        """Whether the caller may read and write this user's data."""
        return self.may("service") or self.user_id == self.known_as(user_id)


_ORDER: tuple[Scope, ...] = ("viewer", "service", "owner")
LOCAL = Caller("local", "owner")
"""Whoever sits at the machine, while there are no keys."""
