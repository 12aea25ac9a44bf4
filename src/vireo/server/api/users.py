"""Users: export, choices and preferences, erasure."""

from __future__ import annotations

from fastapi import APIRouter, Response

from vireo.server.api.error_responses import problems
from vireo.server.api.lists import UserId
from vireo.server.auth import PrincipalOf, ServiceOf, require_scope, require_user
from vireo.server.schemas_users import ChoicesOut, ReceiptOut, UserAttributesIn, UserChange, UserOut
from vireo.store.validation import check_text

router = APIRouter(prefix="/v1/users", tags=["viewers"])


@router.get("/{user_id}", responses=problems())
def show(user_id: UserId, response: Response, service: ServiceOf, caller: PrincipalOf) -> UserOut:
    """Everything that is held about a viewer, as one download."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    response.headers["content-disposition"] = 'attachment; filename="viewer.json"'
    service.log(caller, "show what is held of a viewer", "")
    return UserOut.model_validate(service.users.export(user_id))


@router.patch("/{user_id}", responses=problems(404))
def change(
    user_id: UserId, body: UserChange, service: ServiceOf, caller: PrincipalOf
) -> ChoicesOut:
    """Set text query or consent, add or remove preferences; the next list uses them."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    choices = body.model_dump(exclude_unset=True, include={"query", "consent"})
    for preference in body.add_preferences:
        service.work.add_preference(user_id, preference.text, preference.video_id)
    for number in body.remove_preferences:
        service.work.remove_preference(user_id, number)
    kept = service.users.choose(user_id, choices) if choices else service.store.choices(user_id)
    preferences = [vars(one) for one in service.store.preferences_of(user_id)]
    return ChoicesOut.model_validate({**kept, "preferences": preferences})


@router.put("/{user_id}", responses=problems())
def set_attributes(
    user_id: UserId, body: UserAttributesIn, service: ServiceOf, caller: PrincipalOf
) -> UserAttributesIn:
    """Say what is known of a viewer outside: age, region, languages, groups; lists obey at once.

    It needs a service key: a viewer cannot grant themselves rights.
    """
    require_scope(caller, "service")
    check_text("user_id", user_id)
    service.store.set_users([body.attributes(user_id)])
    return body


@router.delete("/{user_id}", responses=problems(404, 409))
def forget(user_id: UserId, service: ServiceOf, caller: PrincipalOf) -> ReceiptOut:
    """Forget a viewer: from now on nothing shows them; the receipt says what was removed."""
    require_user(caller, user_id)
    check_text("user_id", user_id)
    receipt = service.users.forget(user_id)
    service.log(caller, "forget a viewer", "")  # the log must not name them either
    return ReceiptOut(**receipt.as_json())
