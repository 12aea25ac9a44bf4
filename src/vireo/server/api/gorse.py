"""Subset of Gorse's API under /api: a site that uses Gorse can switch by URL.

Feedback becomes events, items become videos (`Comment` is the title), lists hold ids. What Gorse
has and Vireo has not (labels of users, deleting single feedback) is accepted or absent, never
pretended: docs/serve.md lists it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from vireo.errors import UnknownVideo
from vireo.recommend.recommender import Picks
from vireo.server.api.error_responses import problems
from vireo.server.api.gorse_schemas import Feedback, Item, ItemPatch, RowAffected, Score, User
from vireo.server.api.lists import UserId, VideoId
from vireo.server.auth import ExecutorOf, PrincipalOf, ServiceOf, require_scope, require_user
from vireo.server.base import MAX_BATCH, MAX_K
from vireo.server.service import Service
from vireo.store.base import LiveEvent
from vireo.store.validation import check_text

router = APIRouter(prefix="/api", tags=["gorse"])
N = Annotated[int, Query(ge=1, le=MAX_K)]
Offset = Annotated[int, Query(ge=0, le=MAX_K)]


@router.post("/feedback", responses=problems())
@router.put("/feedback", responses=problems())
async def insert_feedback(
    body: list[Feedback], service: ServiceOf, caller: PrincipalOf
) -> RowAffected:
    """Feedback as events; the same type, user, item and moment is one event."""
    now = round(time.time() * 1000)
    for one in body:
        require_user(caller, one.UserId)
    if not body:
        return RowAffected(RowAffected=0)
    stored = 0
    for start in range(0, len(body), MAX_BATCH):
        some = [
            _event(one, now, service.store.pseudonym_of(one.UserId))
            for one in body[start : start + MAX_BATCH]
        ]
        stored += await asyncio.wrap_future(service.record(some))
    return RowAffected(RowAffected=stored)


def _event(one: Feedback, now: int, user: str) -> LiveEvent:
    parts = "\0".join((one.FeedbackType, user, one.ItemId, one.Timestamp))
    name = hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]
    moment = one.moment(now)
    return LiveEvent(
        f"gorse-{name}", one.UserId, one.ItemId, one.word, moment, one.Value, text=one.Comment
    )


@router.get("/user/{user_id}/feedback", responses=problems())
def feedback_of(user_id: UserId, service: ServiceOf, caller: PrincipalOf) -> list[Feedback]:
    """A user's feedback since it came here live."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    return [Feedback.of(event, user_id) for event in service.store.events_of(user_id)]


@router.post("/item", responses=problems())
def insert_item(body: Item, service: ServiceOf, caller: PrincipalOf) -> RowAffected:
    """One item."""
    return insert_items([body], service, caller)


@router.post("/items", responses=problems())
def insert_items(body: list[Item], service: ServiceOf, caller: PrincipalOf) -> RowAffected:
    """Items in place of earlier ones; hidden ones leave the lists."""
    require_scope(caller, "service")
    now = round(time.time() * 1000)
    for item in body:
        if item.IsHidden:
            service.store.delete_video(item.ItemId)
        else:
            service.store.put_video(item.video(now))
    service.look_now()
    return RowAffected(RowAffected=len(body))


@router.get("/item/{video_id}", responses=problems(404))
def get_item(video_id: VideoId, service: ServiceOf, caller: PrincipalOf) -> Item:
    require_scope(caller, "service")
    return Item.of(video_id, service.videos.about(video_id)["metadata"])


@router.patch("/item/{video_id}", responses=problems(404))
def modify_item(
    video_id: VideoId, body: ItemPatch, service: ServiceOf, caller: PrincipalOf
) -> RowAffected:
    """Some fields of an item."""
    require_scope(caller, "service")
    before = Item.of(video_id, service.videos.about(video_id)["metadata"])
    after = before.model_copy(update=body.model_dump(exclude_unset=True))
    return insert_items([after], service, caller)


@router.delete("/item/{video_id}", responses=problems(404))
def delete_item(video_id: VideoId, service: ServiceOf, caller: PrincipalOf) -> RowAffected:
    require_scope(caller, "service")
    service.videos.delete(video_id)
    return RowAffected(RowAffected=1)


@router.post("/user", responses=problems())
def insert_user(body: User, service: ServiceOf, caller: PrincipalOf) -> RowAffected:
    """Users need not be made known: their feedback is enough. Labels are not kept."""
    require_user(caller, body.UserId)
    return RowAffected(RowAffected=1)


@router.post("/users", responses=problems())
def insert_users(body: list[User], service: ServiceOf, caller: PrincipalOf) -> RowAffected:
    for user in body:
        require_user(caller, user.UserId)
    return RowAffected(RowAffected=len(body))


@router.get("/user/{user_id}", responses=problems())
def get_user(user_id: UserId, service: ServiceOf, caller: PrincipalOf) -> User:
    require_user(caller, user_id)
    check_text("user_id", user_id)
    return User(UserId=user_id)


@router.delete("/user/{user_id}", responses=problems())
def delete_user(user_id: UserId, service: ServiceOf, caller: PrincipalOf) -> RowAffected:
    """Erase the user, as DELETE /v1/users does; an unknown user is no error here."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    receipt = service.users.forget_quietly(user_id)
    service.log(caller, "forget a viewer", "")
    return RowAffected(RowAffected=int(receipt is not None))


@router.get("/recommend/{user_id}", responses=problems())
@router.get("/recommend/{user_id}/{category}", responses=problems())
async def recommend(
    user_id: UserId,
    service: ServiceOf,
    caller: PrincipalOf,
    turns: ExecutorOf,
    response: Response,
    category: str = "",
    n: N = 10,
    offset: Offset = 0,
) -> list[str]:
    """Ids, best first, of one category or of all."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    most = MAX_K if category else min(MAX_K, n + offset)

    def make(at_once: bool) -> list[str]:
        picks, _ = service.lists.listed(user_id, most, at_once=at_once)
        return [
            pick.video_id for pick in picks if service.videos.in_category(pick.video_id, category)
        ]

    return (await turns.take(make))[offset : offset + n]


@router.post("/session/recommend", responses=problems())
async def session(
    body: list[Feedback],
    service: ServiceOf,
    caller: PrincipalOf,
    turns: ExecutorOf,
    n: N = 10,
    offset: Offset = 0,
) -> list[Score]:
    """A list for an anonymous session, from its feedback; nothing is stored."""
    now = round(time.time() * 1000)
    events = [_event(one.model_copy(update={"UserId": "session"}), now, "") for one in body]
    picks = await turns.take(partial(service.lists.session, events, min(MAX_K, n + offset), ""))
    return _scores(picks, offset)


@router.get("/item/{video_id}/neighbors", responses=problems(404))
@router.get("/item/{video_id}/neighbors/", responses=problems(404), include_in_schema=False)
def neighbors(
    video_id: VideoId, service: ServiceOf, caller: PrincipalOf, n: N = 10, offset: Offset = 0
) -> list[Score]:
    """Items similar to an item."""
    return _scores(_near(service, video_id, min(MAX_K, n + offset)), offset)


def _near(service: Service, video_id: str, k: int) -> Picks:
    if not service.videos.may_see(None, video_id):
        raise UnknownVideo(f"There is no video '{video_id}' that all users may see.", "")
    return service.lists.similar(video_id, k)


@router.get("/popular", responses=problems())
def popular(service: ServiceOf, caller: PrincipalOf, n: N = 10, offset: Offset = 0) -> list[Score]:
    """Trending items."""
    return _scores(service.lists.trending(min(MAX_K, n + offset)), offset)


@router.get("/latest", responses=problems())
def latest(service: ServiceOf, caller: PrincipalOf, n: N = 10, offset: Offset = 0) -> list[Score]:
    """Newest items."""
    return _scores(service.lists.newest(None, min(MAX_K, n + offset)), offset)


@router.get("/health/live")
async def live() -> dict[str, bool]:
    return {"Ready": True}


@router.get("/health/ready", responses=problems())
def ready(service: ServiceOf) -> dict[str, bool]:
    service.ready()
    return {"Ready": True}


def _scores(picks: Picks, offset: int) -> list[Score]:
    return [Score(Id=pick.video_id, Score=pick.score) for pick in list(picks)[offset:]]
