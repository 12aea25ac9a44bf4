"""User attributes from a table and stated preferences, in the database of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vireo.data.readers.users import read_users
from vireo.errors import InputError
from vireo.recommend.profile.preferences import unclear
from vireo.serving.request import now_ms
from vireo.store.base import Preference, Store, UserAttributes


def set_users(store: Store, table: Path) -> dict[str, Any]:
    """Store the attributes of a table of users; return the counts of its rows."""
    read = read_users(table, now_ms())
    kept = store.set_users(read.users)
    reasons = read.rejects.select("row", "reason").to_dicts()
    return {**read.account.as_json(), "kept": kept, "refused_rows": reasons}


def add_preference(store: Store, user_id: str, text: str, video_id: str) -> Preference:
    """Store a stated preference; raises InputError if the text names no target."""
    if question := unclear(text, video_id):
        raise InputError(
            f"The preference '{text.strip()}' does not say {question}.",
            'Write it like "less horror"; "this" needs a video id: --video ID.',
        )
    return store.add_preference(Preference(user_id, text.strip(), video_id, now_ms()))


def remove_preference(store: Store, user_id: str, number: int) -> None:
    """Delete one preference by its number; raises InputError if there is none."""
    if not store.remove_preference(user_id, number):
        numbers = ", ".join(str(one.number) for one in store.preferences_of(user_id)) or "none"
        raise InputError(
            f"User '{user_id}' has no preference number {number}.", f"Numbers: {numbers}."
        )


def has_user_data(store: Store, user_id: str) -> bool:
    """Whether attributes or preferences of this user are stored."""
    known = store.user(user_id) != UserAttributes(user_id)
    return known or bool(store.preferences_of(user_id))
