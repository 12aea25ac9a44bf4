"""Validation before a write to the database, equal for all databases."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, fields

from vireo.errors import InputError
from vireo.store.base import LiveEvent, LiveVideo, Preference, UserAttributes

MAX_ID = 512
MAX_WORD = 64
MAX_PREFERENCE_LENGTH = 1000
MAX_AGE = 150
LAST_MOMENT = 253_402_300_800_000
"""The year 10000 in ms; later timestamps are invalid."""
MAX_RANK = 2**31
_IDS = ("event_id", "user_id", "video_id")


def check(events: Iterable[LiveEvent]) -> None:
    """Raises InputError for the first event that some database cannot store unchanged."""
    for event in events:
        problem = _problem(event)
        if problem:
            raise InputError(
                f"The event {event.event_id!r:.80} {problem}.", "Correct it and send it again."
            )


def check_video(video: LiveVideo) -> None:
    """Raises InputError for a video that some database cannot store unchanged."""
    cells = asdict(video).values()
    texts = [cell for cell in cells if isinstance(cell, str)]
    texts += [text for cell in cells if isinstance(cell, tuple) for text in cell]
    whole = [cell for cell in cells if isinstance(cell, int)]
    problem = (
        "has no id"
        if not video.video_id.strip()
        else f"has an id of more than {MAX_ID} characters"
        if len(video.video_id) > MAX_ID
        else "has a character that cannot be stored"
        if not all(map(_storable, texts))
        else "has a number that is none"
        if not math.isfinite(video.duration or 0.0) or any(abs(n) >= LAST_MOMENT for n in whole)
        else ""
    )
    if problem:
        raise InputError(
            f"The video {video.video_id!r:.80} {problem}.", "Correct it and send it again."
        )


def check_text(what: str, text: str) -> None:
    """Raises InputError for an id that some database cannot store unchanged."""
    if not text.strip() or len(text) > MAX_ID or not _storable(text):
        raise InputError(
            f"The {what} {text!r:.80} cannot be stored.",
            f"Send 1 to {MAX_ID} characters, without NUL characters.",
        )


def _problem(event: LiveEvent) -> str:
    texts = {f.name: v for f in fields(event) if isinstance(v := getattr(event, f.name), str)}
    for name, text in texts.items():
        if not _storable(text):
            return f"has a character in {name} that cannot be stored"
        limit = {"text": None, "event": MAX_WORD}.get(name, MAX_ID)
        if limit is not None and len(text) > limit:
            return f"has a {name} of more than {limit} characters"
    for name in (*_IDS, "event"):
        if not texts[name].strip():
            return f"has no {name}"
    for name in ("value", "watch_seconds"):
        number = getattr(event, name)
        if number is not None and not math.isfinite(number):
            return f"has the {name} {number}, which is not a number"
    if event.rank is not None and not 0 < event.rank < MAX_RANK:
        return f"has the rank {event.rank}, which is no position in a list"
    if not 0 <= event.timestamp < LAST_MOMENT:
        return f"has the timestamp {event.timestamp}, which is no time (milliseconds since 1970)"
    return ""


def check_viewers(users: Iterable[UserAttributes]) -> None:
    """Raises InputError for the first user that some database cannot store unchanged."""
    for user in users:
        texts = [user.user_id, user.region, *user.languages, *user.groups]
        sized = len(user.user_id) <= MAX_ID and len(user.region) <= MAX_WORD
        aged = user.age is None or 0 <= user.age <= MAX_AGE
        if not (user.user_id.strip() and sized and aged and all(map(_storable, texts))):
            raise InputError(
                f"The attributes of user {user.user_id!r:.80} cannot be stored.",
                f"An id has 1 to {MAX_ID} characters, a region up to {MAX_WORD}, an age is from"
                f" 0 to {MAX_AGE}.",
            )


def check_edit(edit: Preference) -> None:
    """Raises InputError for an empty preference, or one that cannot be stored."""
    texts = (edit.user_id, edit.text, edit.video_id)
    short = len(edit.text) <= MAX_PREFERENCE_LENGTH and max(len(texts[0]), len(texts[2])) <= MAX_ID
    if not (edit.user_id.strip() and edit.text.strip() and short and all(map(_storable, texts))):
        raise InputError(
            f"The preference {edit.text!r:.80} cannot be stored.",
            f'Write a sentence of up to {MAX_PREFERENCE_LENGTH} characters, like "less horror".',
        )


def _storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate
        return False
