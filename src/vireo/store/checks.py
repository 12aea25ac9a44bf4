"""What a live event must be before it enters a database: the same answer from every database."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields

from vireo.errors import InputError
from vireo.store.base import LiveEvent

MOST_ID = 512
MOST_WORD = 64
LAST_MOMENT = 253_402_300_800_000
"""The year 10000 in milliseconds: whatever is later is no moment."""
_IDS = ("event_id", "user_id", "video_id")


def check(events: Iterable[LiveEvent]) -> None:
    """Raises InputError for the first event that some database could not keep unchanged."""
    for event in events:
        problem = _problem(event)
        if problem:
            raise InputError(
                f"The event {event.event_id!r:.80} {problem}.", "Mend it, send it again."
            )


def _problem(event: LiveEvent) -> str:
    texts = {f.name: v for f in fields(event) if isinstance(v := getattr(event, f.name), str)}
    for name, text in texts.items():
        if "\0" in text or not _encodable(text):
            return f"has a character in {name} that cannot be stored"
        limit = {"text": None, "event": MOST_WORD}.get(name, MOST_ID)
        if limit is not None and len(text) > limit:
            return f"has a {name} of more than {limit} characters"
    for name in (*_IDS, "event"):
        if not texts[name].strip():
            return f"has no {name}"
    for name in ("value", "watch_seconds"):
        number = getattr(event, name)
        if number is not None and not math.isfinite(number):
            return f"has the {name} {number}, which is not a number"
    if not 0 <= event.timestamp < LAST_MOMENT:
        return f"has the timestamp {event.timestamp}, which is no moment (milliseconds since 1970)"
    return ""


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
