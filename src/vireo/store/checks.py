"""What a live event must be before it enters a database: the same answer from every database."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields

from vireo.errors import InputError
from vireo.store.base import Edit, LiveEvent, Viewer

MOST_ID = 512
MOST_WORD = 64
MOST_WISH = 1000
MOST_AGE = 150
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


def check_viewers(viewers: Iterable[Viewer]) -> None:
    """Raises InputError for the first viewer that some database could not keep unchanged."""
    for viewer in viewers:
        texts = [viewer.user_id, viewer.region, *viewer.languages, *viewer.groups]
        sized = len(viewer.user_id) <= MOST_ID and len(viewer.region) <= MOST_WORD
        aged = viewer.age is None or 0 <= viewer.age <= MOST_AGE
        if not (viewer.user_id.strip() and sized and aged and all(map(_storable, texts))):
            raise InputError(
                f"What is told of the viewer {viewer.user_id!r:.80} cannot be kept.",
                f"An id has 1 to {MOST_ID} characters, a region up to {MOST_WORD}, an age is from"
                f" 0 to {MOST_AGE}.",
            )


def check_edit(edit: Edit) -> None:
    """Raises InputError for a wish without words, or one that no database could keep."""
    texts = (edit.user_id, edit.text, edit.video_id)
    short = len(edit.text) <= MOST_WISH and max(len(texts[0]), len(texts[2])) <= MOST_ID
    if not (edit.user_id.strip() and edit.text.strip() and short and all(map(_storable, texts))):
        raise InputError(
            f"The wish {edit.text!r:.80} cannot be kept.",
            f'Write a sentence of up to {MOST_WISH} characters, like "less horror".',
        )


def _storable(text: str) -> bool:
    return "\0" not in text and _encodable(text)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
