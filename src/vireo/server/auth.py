"""Authentication and access rights of a request: dependencies of the endpoints."""

from __future__ import annotations

from math import ceil
from typing import Annotated

from fastapi import Depends, Request

from vireo.server.base import LOCAL, Principal
from vireo.server.http_error import HttpProblem
from vireo.server.keys import KeyRing
from vireo.server.list_executor import ListExecutor
from vireo.server.rate_limit import TokenBuckets
from vireo.server.service import Service
from vireo.store.base import Scope
from vireo.store.validation import check_text


async def service_of(request: Request) -> Service:
    # async: FastAPI would send a plain function to a thread and back
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


async def executor_of(request: Request) -> ListExecutor:
    turns: ListExecutor = request.app.state.turns
    return turns


ExecutorOf = Annotated[ListExecutor, Depends(executor_of)]


def token_of(request: Request) -> str:
    """The key that the request carries, in either of the usual headers."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key", "").strip()


async def principal_of(request: Request, service: ServiceOf) -> Principal:
    """The caller; raises Refusal for a wrong key, a missing one, or too many requests."""
    keys = service.state.keys
    caller = _known(keys, token_of(request))
    limited(request, service, caller)
    return caller


def _known(keys: KeyRing, token: str) -> Principal:
    if not len(keys):
        return LOCAL
    if not token:
        raise HttpProblem(
            401, "no-key", "This service asks for a key.", "Send `Authorization: Bearer KEY`."
        )
    caller = keys.caller(token)
    if caller is None:
        raise HttpProblem(
            401, "no-key", "This key is not valid.", "`vireo keys list` shows which are."
        )
    return caller


def limited(request: Request, service: Service, caller: Principal) -> None:
    """Raises Refusal where the caller has sent too many requests."""
    section = service.section
    most = section.requests_per_minute
    if caller.scope == "viewer":
        most = section.viewer_requests_per_minute
    buckets: TokenBuckets = request.app.state.buckets
    wait = buckets.take(caller.name, most)
    if wait:
        raise HttpProblem(
            429,
            "too-many",
            f"This key may send {most} requests per minute.",
            f"Wait {ceil(wait)} s, send several events at once, or raise [server] limits.",
        )


PrincipalOf = Annotated[Principal, Depends(principal_of)]


def require_scope(caller: Principal, scope: Scope) -> None:
    """Raises Refusal where the caller's key does not reach so far."""
    if not caller.may(scope):
        raise HttpProblem(
            403, "forbidden", f"This needs a {scope} key.", f"`vireo keys add NAME --scope {scope}`"
        )


def require_user(caller: Principal, user_id: str) -> None:
    """Raises Refusal where the caller may not act for this user."""
    if not caller.may_act_for(user_id):
        raise HttpProblem(
            403, "forbidden", "This key opens another viewer's data.", "Use a service key."
        )


def effective_user(caller: Principal, user_id: str | None) -> str | None:
    """Whose rights count: the named user's, else those of the viewer's key, else anybody's."""
    if user_id is not None:
        check_text("user_id", user_id)
        require_user(caller, user_id)
    return user_id or caller.user_id


def require_visible(
    service: Service, caller: Principal, user_id: str | None, video_id: str
) -> None:
    """Raise Refusal if the viewer may not see the video; service and owner keys see all."""
    if (user_id is not None or not caller.may("service")) and not service.videos.may_see(
        user_id, video_id
    ):
        raise HttpProblem(
            404, "unknown-video", f"There is no video '{video_id}' for this viewer.", ""
        )
