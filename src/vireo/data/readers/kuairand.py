"""Reader `kuairand`: logs of a short-video app with several events per row."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from vireo.data.readers import RawTables, ReadRequest, RowCounts, conform, total_counts
from vireo.data.readers.columns import Layout
from vireo.data.readers.events import ID_RULES, moment_rules
from vireo.data.readers.parse import moments, numbers, trimmed, words
from vireo.data.readers.rows import ROW, Rows, read_rows
from vireo.data.readers.table import joined
from vireo.data.readers.validation import Rule, ValidatedRows, account, unreadable, validate
from vireo.data.readers.videos import VIDEO_RULES
from vireo.errors import InputError

ACTIONS = {
    "is_like": "like",
    "is_follow": "follow",
    "is_comment": "comment",
    "is_forward": "share",
    "is_hate": "dislike",
}
"""Event type of a 1 in these columns."""
NEEDED = ("user_id", "video_id", "time_ms", "is_click")
USED = (*NEEDED, "play_time_ms", "duration_ms", *ACTIONS)
_LOG_RULES: tuple[Rule, ...] = (
    (pl.col("is_click").is_null(), "is_click is not a number"),
    (pl.col("repeated"), "duplicate row"),
)
_FEATURES = {
    "video_id": "video_id",
    "creator": "author_id",
    "published_at": "upload_dt",
    "duration": "video_duration",
    "tags": "tag",
}


def read(request: ReadRequest) -> RawTables:
    """`events` is a log or a folder with log_*.csv (.gz); `videos` is video_features_basic_*.csv.

    The counts are rows of the log, which give one or more events each. Without `videos` the
    catalog is made of the videos in the log.
    """
    if request.events is None:
        raise InputError("The format kuairand needs a log.", "Give it: `--events FOLDER`.")
    logs = [_log(path, request) for path in _paths(request.events)]
    events, lengths = _all_logs(logs)
    if request.videos is None:
        return joined(RawTables(videos=_titled(lengths)), events)
    return joined(_catalogue(read_rows(request.videos, "videos"), lengths), events)


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted([*path.glob("log_*.csv"), *path.glob("log_*.csv.gz")])
    if not found:
        raise InputError(f"{path} holds no log_*.csv.", "Give KuaiRand's folder `data`.")
    return found


def _need(rows: Rows, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in rows.names]
    if missing:
        raise InputError(
            f"{rows.source} has no column {', '.join(missing)}."
            f" Columns found: {', '.join(rows.names)}.",
            "Give a file in KuaiRand's own layout, or leave --format out.",
        )


def _cell(rows: Rows, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.names else pl.lit(None, pl.String)


def _log(path: Path, request: ReadRequest) -> tuple[Rows, ValidatedRows]:
    """Rows of one log, and the valid ones."""
    rows = read_rows(path, "events")
    _need(rows, NEEDED)
    given = rows.frame.select(
        ROW,
        *(words(_cell(rows, name)).alias(name) for name in ("user_id", "video_id")),
        *(trimmed(_cell(rows, name)).alias(name) for name in USED[2:]),
        pl.struct(rows.names).is_first_distinct().not_().alias("repeated"),
    )
    played = numbers(given["play_time_ms"])
    played = pl.select(pl.when(played >= 0).then(played / 1000)).to_series()
    parsed = given.with_columns(
        moments(given["time_ms"]).alias("timestamp"),
        pl.col("time_ms").fill_null("").alias("given_timestamp"),
        played.alias("watch_seconds"),
        unreadable("play_time_ms is not a number from 0", given["play_time_ms"], played),
        *(numbers(given[name]).alias(name) for name in ("is_click", *ACTIONS)),
        numbers(given["duration_ms"]).alias("duration_ms"),
    )
    rules = [*ID_RULES, *moment_rules(request), *_LOG_RULES]
    return rows, validate("events", rows, parsed, rules)


def _all_logs(logs: list[tuple[Rows, ValidatedRows]]) -> tuple[RawTables, pl.DataFrame]:
    """Events of all logs in their order, and durations of videos. (video_id, duration)"""
    frames, start = [], 0
    for rows, validated in logs:
        frames.append(validated.accepted.with_columns(sequence=pl.col(ROW) + start))
        start += len(rows)
    accepted = pl.concat(frames)
    events = _events(accepted)
    length = pl.col("duration_ms").filter(pl.col("duration_ms") > 0).max() / 1000
    lengths = accepted.group_by("video_id", maintain_order=True).agg(length.alias("duration"))
    rejects = pl.concat([validated.rejects for _, validated in logs])
    total = _account(logs, len(events))
    return RawTables(events=events, rejects=rejects, counts={"events": total}), lengths


def _account(logs: list[tuple[Rows, ValidatedRows]], events: int) -> RowCounts:
    names = dict(zip(USED, USED, strict=True))
    parts = [account(rows, _layout(rows, names), validated) for rows, validated in logs]
    accepted = sum(part.accepted for part in parts)
    note = f"{accepted} rows of the log gave {events} events: a row can hold a view and a like."
    return total_counts(parts, ", ".join(part.file for part in parts), (note,))


def _layout(rows: Rows, names: dict[str, str]) -> Layout:
    used = {ours: theirs for ours, theirs in names.items() if theirs in rows.names}
    return Layout(used, tuple(name for name in rows.names if name not in used.values()))


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    """A view (or an impression) per row, and its other events."""
    seen = (pl.col("is_click") > 0) | (pl.col("watch_seconds").fill_null(0) > 0)
    word = pl.when(seen).then(pl.lit("view")).otherwise(pl.lit("impression"))
    views = rows.with_columns(word.alias("event"))
    acts = [
        rows.filter(pl.col(name) > 0).with_columns(
            pl.lit(event).alias("event"), pl.lit(None, pl.Float64).alias("watch_seconds")
        )
        for name, event in ACTIONS.items()
    ]
    parts = [conform(part, "events") for part in (views, *acts)]
    return pl.concat(parts).sort("sequence", maintain_order=True)


def _titled(videos: pl.DataFrame) -> pl.DataFrame:
    """Videos with their number as title; the data set has none."""
    return videos.with_columns(pl.format("video {}", "video_id").alias("title"))


def _catalogue(rows: Rows, lengths: pl.DataFrame) -> RawTables:
    """Videos of the table of features; durations from the log where they are missing."""
    _need(rows, ("video_id",))
    given = rows.frame.select(
        ROW,
        words(pl.col("video_id")).alias("video_id"),
        *(words(_cell(rows, name)).alias(name) for name in ("author_id", "tag")),
        *(trimmed(_cell(rows, name)).alias(name) for name in ("upload_dt", "video_duration")),
    )
    piece = pl.format("tag{}", pl.element().str.strip_chars())
    published = moments(given["upload_dt"])
    length = numbers(given["video_duration"]) / 1000
    length = pl.select(pl.when(length > 0).then(length)).to_series()
    parsed = given.with_columns(
        published.alias("published_at"),
        pl.format("author {}", "author_id").alias("creator"),
        pl.col("tag").str.split(",").list.eval(piece).alias("tags"),
        length.alias("feature_duration"),
        unreadable("upload_dt could not be read", given["upload_dt"], published),
        unreadable("video_duration is not a number above 0", given["video_duration"], length),
    )
    validated = validate("videos", rows, parsed, VIDEO_RULES, unique="video_id")
    videos = validated.accepted.join(lengths, on="video_id", how="left", maintain_order="left")
    videos = videos.with_columns(
        pl.coalesce("feature_duration", "duration").alias("duration"),
        pl.col("tags").list.first().alias("category"),
    )
    found = account(rows, _layout(rows, _FEATURES), validated)
    return RawTables(videos=_titled(videos), rejects=validated.rejects, counts={"videos": found})
