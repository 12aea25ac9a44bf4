"""Lists: recommendations, sessions, similar videos, search, explanations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.routing import APIRoute

from vireo.errors import InputError
from vireo.recommend.recommender import Picks
from vireo.server.api.error_responses import problems
from vireo.server.auth import (
    ExecutorOf,
    PrincipalOf,
    ServiceOf,
    effective_user,
    executor_of,
    principal_of,
    require_user,
    require_visible,
    service_of,
)
from vireo.server.base import MAX_K, MAX_TEXT
from vireo.server.http_error import request_id_of
from vireo.server.list_executor import NeedsThread
from vireo.server.list_params import ListParams, described
from vireo.server.schemas import ExplanationOut, ListOut, OwnVideo, SessionIn
from vireo.server.service import Service
from vireo.store.validation import MAX_ID, check_text

router = APIRouter(prefix="/v1", tags=["lists"])
UserId = Annotated[str, Path(min_length=1, max_length=MAX_ID)]
VideoId = Annotated[str, Path(min_length=1, max_length=MAX_ID)]
For = Annotated[
    str | None,
    Query(min_length=1, max_length=MAX_ID, description="User id; default: an anonymous user."),
]
K = Annotated[int | None, Query(ge=1, le=MAX_K, description="Length; default: recommend.k.")]


class _ByHand(APIRoute):
    """A route that is described like the others and reads its question itself: FastAPI's reading
    takes a third as long as all else that is done around a list."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            answer: Response = await self.endpoint(request, **request.path_params)
            return answer

        return handle


async def recommendations(request: Request, user_id: UserId) -> Response:
    """A list for one viewer; an unknown one gets a popular, recent and varied one."""
    service, turns = await service_of(request), await executor_of(request)
    require_user(await principal_of(request, service), user_id)
    check_text("user_id", user_id)
    asked = ListParams.of(request)
    length = asked.k or service.work.config.recommend.k
    request_id = request_id_of(request)

    def make(at_once: bool) -> Response:
        if at_once and asked.explain:
            raise NeedsThread
        picks, variant = service.lists.listed(
            user_id, length, asked.query, asked.options, asked.preset, at_once
        )
        return _answer(service, user_id, picks, variant, asked.explain, request_id)

    return await turns.take(make)


router.add_api_route(
    "/users/{user_id}/recommendations",
    recommendations,
    responses=problems(404),
    response_model=ListOut,
    openapi_extra=described(),
    route_class_override=_ByHand,
)


def _answer(
    service: Service, user_id: str, picks: Picks, variant: str, explain: bool, request_id: str
) -> Response:
    rows = picks.as_json()
    for row in rows:
        own = _because(service, user_id, row["video_id"]) if explain else None
        row["because"] = own if own is None else [one.model_dump() for one in own]
    answer = {
        "request_id": request_id,
        "recommendations": rows,
        "notes": list(picks.notes),
        "variant": variant,
    }
    # Written here: what is made by us need not be checked against its own description.
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return Response(body.encode("utf-8", "replace"), media_type="application/json")


def _because(service: Service, user_id: str, video_id: str) -> list[OwnVideo]:
    try:
        own = service.lists.explain(user_id, video_id).as_json()["own_videos"]
    except InputError:  # forgotten, or a right taken away, since the list was made
        return []
    return [OwnVideo(**entry) for entry in own]


@router.get("/users/{user_id}/videos/{video_id}/explanation", responses=problems(404))
def explanation(
    user_id: UserId, video_id: VideoId, service: ServiceOf, caller: PrincipalOf
) -> ExplanationOut:
    """Why a video stands where it does for a viewer."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    return ExplanationOut(**service.lists.explain(user_id, video_id).as_json())


@router.post("/sessions/recommendations", responses=problems())
async def session(
    request: Request, body: SessionIn, service: ServiceOf, caller: PrincipalOf, turns: ExecutorOf
) -> ListOut:
    """A list for an anonymous session from its latest events. Nothing is stored."""
    events = body.live(round(time.time() * 1000))
    picks = await turns.take(partial(service.lists.session, events, body.k, body.query))
    return ListOut.of(picks, request_id_of(request))


@router.get("/videos/{video_id}/similar", responses=problems(404))
def similar(
    request: Request,
    video_id: VideoId,
    service: ServiceOf,
    caller: PrincipalOf,
    k: K = None,
    user_id: For = None,
) -> ListOut:
    """Videos similar to this one, cold items included."""
    viewer = effective_user(caller, user_id)
    require_visible(service, caller, viewer, video_id)
    picks = service.lists.similar(video_id, k or service.work.config.recommend.k, viewer)
    return ListOut.of(picks, request_id_of(request))


@router.get("/search", responses=problems())
def search(
    request: Request,
    service: ServiceOf,
    caller: PrincipalOf,
    text: Annotated[str, Query(min_length=1, max_length=MAX_TEXT)],
    k: K = None,
    user_id: For = None,
) -> ListOut:
    """Videos with these words in the title, then videos near their meaning."""
    if not text.strip():
        raise InputError("There is nothing to search for.", "Send a word or a sentence.")
    viewer = effective_user(caller, user_id)
    picks = service.lists.search(text.strip(), k or service.work.config.recommend.k, viewer)
    return ListOut.of(picks, request_id_of(request))


@router.get("/trending", responses=problems())
def trending(
    request: Request, service: ServiceOf, caller: PrincipalOf, k: K = None, user_id: For = None
) -> ListOut:
    """The most watched videos of the window, with at least `min_group_size` users each."""
    viewer = effective_user(caller, user_id)
    picks = service.lists.trending(k or service.work.config.recommend.k, viewer)
    return ListOut.of(picks, request_id_of(request))
