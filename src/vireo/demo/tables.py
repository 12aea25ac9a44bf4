"""videos.csv and events.csv of the world, with typical errors of real tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from vireo.demo.base import DAYS, START, Event, Film

BOT, BOT_VIEWS = "user-999", 2_400
VIDEO_COLUMNS: tuple[str, ...] = ("video_id", "title", "description", "tags", "creator", "language")
VIDEO_COLUMNS += ("published_at", "duration", "path", "subtitles")
EVENT_COLUMNS = ("user_id", "video_id", "event", "timestamp", "watch_seconds", "text")


def videos_csv(films: Sequence[Film]) -> str:
    """One row per film; what only the generator knows is left out."""
    rows = [
        (
            film.video_id,
            film.title,
            film.description,
            ", ".join(film.tags),
            film.creator,
            "en" if film.dialogue else "",
            _date(film.born),
            f"{film.seconds:.1f}",
            film.path,
            film.subtitles,
        )
        for film in films
    ]
    return _csv(VIDEO_COLUMNS, rows)


def events_csv(seed: int, films: Sequence[Film], events: Sequence[Event]) -> str:
    """One row per event in order of time, plus `flaws` and a bot's day."""
    rows = [_row(event) for event in events]
    bot = [_row(event) for event in _bot(seed, films)]
    return _csv(
        EVENT_COLUMNS, [*sorted([*rows, *bot], key=lambda row: row[3]), *_flaws(seed, rows)]
    )


def _flaws(seed: int, rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Six duplicate rows, an unknown video, an invalid time."""
    rng = np.random.default_rng([seed, 4])
    twice = [rows[n] for n in rng.choice(len(rows), min(6, len(rows)), replace=False).tolist()]
    user = rows[0][0]
    unknown = (user, "v-gone", "view", _date(DAYS - 3), "3.0", "")
    timeless = (user, rows[0][1], "view", "yesterday evening", "2.0", "")
    return [*twice, unknown, timeless]


def _bot(seed: int, films: Sequence[Film]) -> list[Event]:
    """A bot that opens a video every half minute for most of a day."""
    rng = np.random.default_rng([seed, 5])
    public = sorted((film for film in films if not film.fresh), key=lambda film: film.born)
    oldest = [film.video_id for film in public[: len(public) // 3]]
    chosen = rng.choice(oldest, BOT_VIEWS).tolist()
    first = DAYS - 20 + 1 / 24
    return [
        Event(BOT, video, "view", first + n * 30 / 86_400, 0.3) for n, video in enumerate(chosen)
    ]


def _row(event: Event) -> tuple[str, ...]:
    seconds = "" if event.watch_seconds is None else f"{event.watch_seconds:.1f}"
    return (event.user_id, event.video_id, event.event, _date(event.day), seconds, event.text)


def _date(day: float) -> str:
    moment: datetime = START + timedelta(seconds=round(day * 86_400))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
