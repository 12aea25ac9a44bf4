"""The application: endpoints, middleware and error handlers around one Service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from vireo.server.api import events, gorse, lists, operations, users, videos
from vireo.server.list_executor import ListExecutor
from vireo.server.metrics import Metrics
from vireo.server.middleware import RequestMiddleware
from vireo.server.pages import analytics, login, media, owner, viewer
from vireo.server.pages.session import Sessions
from vireo.server.problems import Problem, install
from vireo.server.rate_limit import TokenBuckets
from vireo.server.service import Service
from vireo.version import VERSION
from vireo.workspace import Workspace

THREADS = 4
"""For what is no list: pages, searches, thumbnails, exports."""
ABOUT = """Personal lists of videos with reasons, live events in, everything about a viewer out.

Times are milliseconds since 1970 UTC. Errors are problem details (RFC 9457) whose `hint` says what
to do."""


def create_app(work: Workspace) -> FastAPI:
    """The service of a workspace as an ASGI app; it closes the workspace when it ends."""
    service = Service(work)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await anyio.to_thread.run_sync(service.start)
        yield
        await anyio.to_thread.run_sync(app.state.turns.close)
        await anyio.to_thread.run_sync(service.close)

    app = FastAPI(
        title="Vireo",
        version=VERSION,
        description=ABOUT,
        lifespan=life,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # these pages would load scripts from another host
        redoc_url=None,
        # its spans would carry addresses, and these the ids of viewers, to whatever collects them
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    metrics = Metrics()
    app.state.service, app.state.metrics, app.state.buckets = service, metrics, TokenBuckets()
    app.state.turns = ListExecutor(service.section.threads, waits=not service.store.is_file)
    app.state.sessions = Sessions()
    api, pages = (
        (lists, events, videos, users, operations, gorse),
        (viewer, owner, analytics, media),
    )
    for part in (*api, *pages, login):
        app.include_router(part.router)
    install(app)
    app.add_middleware(
        RequestMiddleware,
        section=service.section,
        metrics=metrics,
        open_to_all=lambda: not len(service.state.keys),
    )
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the problem that every endpoint may answer and the two headers."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = document.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        document["security"] = [{"bearer": []}, {"key": []}]
        app.openapi_schema = document
    return app.openapi_schema
