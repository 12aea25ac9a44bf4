"""Health, readiness, metrics and builds: endpoints for operators."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from vireo.server.api.error_responses import problems
from vireo.server.auth import PrincipalOf, ServiceOf, require_scope
from vireo.server.http_error import HttpProblem
from vireo.server.metrics import Metrics
from vireo.server.schemas import BuildOut, PublishedOut, StatusOut, iso
from vireo.server.service import Service
from vireo.version import VERSION

router = APIRouter(tags=["running"])


@router.get("/v1/health")
async def health() -> StatusOut:
    """The process answers."""
    return StatusOut(status="alive", version=VERSION)


@router.get("/v1/ready", responses=problems())
def ready(service: ServiceOf) -> StatusOut:
    """Something is published and loaded, and the database answers."""
    service.ready()
    return StatusOut(status="ready", version=VERSION)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems()},
)
def metrics(request: Request, service: ServiceOf, caller: PrincipalOf) -> Response:
    """Counts and latencies for Prometheus."""
    require_scope(caller, "service")
    counted: Metrics = request.app.state.metrics
    counted.lists.labels("kept").set(service.lists.cache.hits)
    counted.lists.labels("made").set(service.lists.cache.misses)
    counted.published.set(service.work.resources.published.stamp()[0] / 1e9)
    counted.trouble.set(bool(service.state.trouble))
    return Response(counted.text(), media_type=CONTENT_TYPE_LATEST)


@router.post("/v1/builds", status_code=202, responses=problems(409))
def build(service: ServiceOf, caller: PrincipalOf) -> BuildOut:
    """Start a build in the background; it publishes itself when it is whole."""
    require_scope(caller, "owner")
    if not service.build(caller):
        raise HttpProblem(409, "busy", "A build is running.", "GET /v1/builds shows how far it is.")
    return _last(service)


@router.get("/v1/builds", responses=problems(404))
def builds(service: ServiceOf, caller: PrincipalOf) -> BuildOut:
    """The last build that this service started."""
    require_scope(caller, "owner")
    return _last(service)


def _last(service: Service) -> BuildOut:
    last = service.builds.last()
    if last is None:
        raise HttpProblem(
            404, "unknown", "This service has started no build yet.", "POST /v1/builds"
        )
    return BuildOut(**{**vars(last), "started_at": iso(last.started_at)})


@router.get("/v1/published", responses=problems())
def published(service: ServiceOf, caller: PrincipalOf) -> PublishedOut:
    """Which artefacts the lists are made from now."""
    require_scope(caller, "service")
    return PublishedOut(stages=service.now.ids)


@router.post("/v1/rollback", responses=problems())
def rollback(service: ServiceOf, caller: PrincipalOf) -> PublishedOut:
    """Serve what was published before, between two requests."""
    require_scope(caller, "owner")
    return PublishedOut(stages=service.rollback(caller))
