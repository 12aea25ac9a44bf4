"""Events: one or many, stored once each, answered when durable."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Request

from vireo.errors import InputError
from vireo.server.api.error_responses import problems
from vireo.server.auth import PrincipalOf, ServiceOf, require_user
from vireo.server.metrics import Metrics
from vireo.server.schemas import EventsIn, EventsOut

router = APIRouter(prefix="/v1", tags=["events"])
DAY = 86_400_000


@router.post("/events", status_code=202, responses=problems())
async def take(
    request: Request, body: EventsIn, service: ServiceOf, caller: PrincipalOf
) -> EventsOut:
    """Take one event or a list of them.

    202 means: on disk. After any other answer, or none, send the same events again: by their ids
    each counts once. They change the viewer's next list at once.
    """
    events = body if isinstance(body, list) else [body]
    now = round(time.time() * 1000)
    latest = now + int(service.work.config.data.max_future_days * DAY)
    for event in events:
        require_user(caller, event.user_id)
        if event.timestamp is not None and event.timestamp > latest:
            raise InputError(
                f"The event '{event.event_id}' has the timestamp {event.timestamp}, which is in"
                f" the future: it is {now} now.",
                "Send milliseconds since 1970 UTC, and compare the clocks of both machines.",
            )
    future = service.record([event.live(now) for event in events])
    stored = await asyncio.wrap_future(future)
    metrics: Metrics = request.app.state.metrics
    metrics.events.labels("received").inc(len(events))
    metrics.events.labels("stored").inc(stored)
    return EventsOut(received=len(events), stored=stored)
