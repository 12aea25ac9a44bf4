"""Events and comments from rows; a user and a video are required."""

from __future__ import annotations

import polars as pl

from vireo.data.readers import RawTables, ReadRequest
from vireo.data.readers.columns import Layout, column
from vireo.data.readers.event_types import event_words
from vireo.data.readers.parse import moments, numbers, trimmed, words
from vireo.data.readers.rows import ROW, Rows
from vireo.data.readers.validation import Rule, account, unreadable, validate
from vireo.store.validation import MAX_ID, MAX_WORD

FIRST_MOMENT = 315_532_800_000
"""1980-01-01; earlier times are errors of a clock."""
DAY = 86_400_000


def moment_rules(request: ReadRequest) -> list[Rule]:
    """Reject unreadable, too old and future timestamps; `given_timestamp` is null if the table
    has no such column."""
    last = request.now + round(request.section.max_future_days * DAY)
    moment = pl.col("timestamp")
    return [
        (pl.col("given_timestamp") == "", "no timestamp"),
        (pl.col("given_timestamp").is_not_null() & moment.is_null(), "timestamp cannot be read"),
        (moment < FIRST_MOMENT, "timestamp before 1980"),
        (moment > last, "timestamp in the future"),
    ]


ID_RULES: tuple[Rule, ...] = (
    (pl.col("user_id").is_null(), "no user id"),
    (pl.col("video_id").is_null(), "no video id"),
    (pl.col("user_id").str.len_chars() > MAX_ID, f"user id longer than {MAX_ID} characters"),
    (pl.col("video_id").str.len_chars() > MAX_ID, f"video id longer than {MAX_ID} characters"),
)
_RULES: tuple[Rule, ...] = (
    *ID_RULES,
    (pl.col("event").str.len_chars() > MAX_WORD, f"event longer than {MAX_WORD} characters"),
    ((pl.col("event") == "rating") & pl.col("value").is_null(), "a rating without a number"),
)


def events_from(rows: Rows, layout: Layout, request: ReadRequest) -> RawTables:
    """Events of one table, in its order, and their comments.

    Without ids, titles stand for them until the data stage knows the catalog.
    """
    parsed = _parse(rows, layout)
    validated = validate("events", rows, parsed, [*_RULES, *moment_rules(request)])
    return RawTables(
        events=validated.accepted,
        comments=comments_of(validated.accepted),
        rejects=validated.rejects,
        counts={"events": account(rows, layout, validated, _notes(layout))},
    )


def comments_of(events: pl.DataFrame) -> pl.DataFrame:
    """Comments: the texts of events."""
    wrote = events.filter(pl.col("text").is_not_null())
    return wrote.select("user_id", "video_id", "timestamp", "text")


def _notes(layout: Layout) -> list[str]:
    notes = []
    if "event" not in layout.used:
        word = "rating" if "value" in layout.used else "view"
        notes.append(f"There is no column of events: every row is taken for a {word}.")
    if "timestamp" not in layout.used:
        notes.append("There is no column of moments: the order of the rows stands for time.")
    if "video_id" not in layout.used:
        notes.append("Videos are named by their titles.")
    return notes


def _parse(rows: Rows, layout: Layout) -> pl.DataFrame:
    """Parsed rows: EVENT_SCHEMA, text, ROW, and columns for the rules."""
    given = rows.frame.select(
        ROW,
        pl.col(ROW).alias("sequence"),
        *(
            words(column(rows, layout, name)).alias(name)
            for name in ("user_id", "video_id", "title", "event", "text", "session_id")
        ),
        *(
            trimmed(column(rows, layout, name)).alias(name)
            for name in ("timestamp", "value", "watch_seconds", "watch_ms")
        ),
    )
    moment = moments(given["timestamp"])
    value = numbers(given["value"])
    watched = _watched(given)
    timed = "timestamp" in layout.used
    named = "video_id" if "video_id" in layout.used else "title"
    return given.with_columns(
        pl.col(named).alias("video_id"),
        moment.alias("timestamp"),
        (pl.col("timestamp").fill_null("") if timed else pl.lit(None, pl.String)).alias(
            "given_timestamp"
        ),
        value.alias("value"),
        watched["seconds"].alias("watch_seconds"),
        unreadable("value is not a number", given["value"], value),
        unreadable("watch_seconds is not a number from 0", watched["given"], watched["seconds"]),
    ).with_columns(_event(layout))


def _event(layout: Layout) -> pl.Expr:
    """Event type; without one, a row with a value is a rating, others are views."""
    if "event" not in layout.used:
        return pl.lit("rating" if "value" in layout.used else "view").alias("event")
    implied = pl.when(pl.col("value").is_null()).then(pl.lit("view")).otherwise(pl.lit("rating"))
    return pl.coalesce(event_words(pl.col("event")), implied).alias("event")


def _watched(given: pl.DataFrame) -> pl.DataFrame:
    """Watch time as given and in seconds; null below 0."""
    read = pl.DataFrame(
        {
            "given": given.select(pl.coalesce("watch_seconds", "watch_ms")).to_series(),
            "seconds": numbers(given["watch_seconds"]),
            "thousandths": numbers(given["watch_ms"]),
        }
    ).with_columns(pl.coalesce("seconds", pl.col("thousandths") / 1000).alias("seconds"))
    return read.with_columns(pl.when(pl.col("seconds") >= 0).then("seconds").alias("seconds"))
