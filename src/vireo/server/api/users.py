"""Viewers: what is held about one, what one sets, forgetting."""

from __future__ import annotations

from fastapi import APIRouter, Response

from vireo.server.api.answers import problems
from vireo.server.api.lists import UserId
from vireo.server.callers import CallerOf, ServiceOf, need_user
from vireo.server.schemas import Profile, ReceiptOut, UserChange, UserOut
from vireo.store.checks import check_text

router = APIRouter(prefix="/v1/users", tags=["viewers"])


@router.get("/{user_id}", responses=problems())
def show(user_id: UserId, response: Response, service: ServiceOf, caller: CallerOf) -> UserOut:
    """Everything that is held about a viewer, as one download."""
    need_user(caller, user_id)
    response.headers["content-disposition"] = 'attachment; filename="viewer.json"'
    return UserOut.model_validate(service.export(user_id))


@router.patch("/{user_id}", responses=problems())
def change(user_id: UserId, body: UserChange, service: ServiceOf, caller: CallerOf) -> Profile:
    """Set a taste sentence or consent; it counts in the next list."""
    need_user(caller, user_id)
    check_text("user_id", user_id)
    return Profile.model_validate(service.change(user_id, body.model_dump(exclude_unset=True)))


@router.delete("/{user_id}", responses=problems(404, 409))
def forget(user_id: UserId, service: ServiceOf, caller: CallerOf) -> ReceiptOut:
    """Forget a viewer: from now on nothing shows them; the receipt says what was removed."""
    need_user(caller, user_id)
    check_text("user_id", user_id)
    receipt = service.forget(user_id)
    service.log(caller, "forget a viewer", "")  # the log must not name them either
    return ReceiptOut(**receipt.as_json())
