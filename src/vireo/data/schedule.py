"""Weekly schedules in words: `Mon 18:00-20:00; Sat 22:00-02:00`, in UTC."""

from __future__ import annotations

import re

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
THURSDAY = 3 * DAY_MINUTES
"""1970 began on a Thursday."""
_SLOT = re.compile(r"([a-z]{3,9}) +(\d{1,2}):(\d{2}) *[-–] *(\d{1,2}):(\d{2})", re.IGNORECASE)


def slots(text: str) -> list[tuple[int, int]] | None:
    """(first minute of the week, first minute after), Monday 00:00 being 0; None if unreadable.

    A slot that ends at or before its start goes on into the next day; one that goes on beyond
    Sunday is cut into two.
    """
    found = []
    for piece in filter(None, (part.strip() for part in text.split(";"))):
        match = _SLOT.fullmatch(piece)
        day = match.group(1)[:3].lower() if match else ""
        if match is None or day not in DAYS:
            return None
        hours = [int(number) for number in match.groups()[1:]]
        if hours[0] > 24 or hours[2] > 24 or hours[1] > 59 or hours[3] > 59:
            return None
        start = DAYS.index(day) * DAY_MINUTES + hours[0] * 60 + hours[1]
        end = DAYS.index(day) * DAY_MINUTES + hours[2] * 60 + hours[3]
        found += _within_the_week(start, end if end > start else end + DAY_MINUTES)
    return found or None


def _within_the_week(start: int, end: int) -> list[tuple[int, int]]:
    if end <= WEEK_MINUTES:
        return [(start, end)]
    return [(start, WEEK_MINUTES), (0, end - WEEK_MINUTES)]


def minute_of_week(moment: int) -> int:
    """Milliseconds since 1970 UTC -> minutes since Monday 00:00 UTC."""
    return (moment // 60_000 + THURSDAY) % WEEK_MINUTES
