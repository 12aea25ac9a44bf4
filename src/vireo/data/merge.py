"""Merge of all sources and live events into one catalog and one set of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from vireo.data.base import EVENT_SCHEMA, REJECT_SCHEMA
from vireo.data.online_rows import event_rows, media_rows, video_rows
from vireo.data.readers import conform, empty
from vireo.data.readers.events import comments_of
from vireo.data.sources import Source
from vireo.store.base import Store, VideoChange

LIVE = "live"
"""Source of rejected live events; their row is the position in the store."""
UNKNOWN = "unknown video"
SEVERAL = "the title fits several videos"
FORGOTTEN = "a forgotten viewer"


@dataclass(frozen=True)
class MergedCatalogue:
    """Videos of all sources and live ones; of rows with one id the last counts."""

    videos: pl.DataFrame
    media: pl.DataFrame
    replaced: int
    live_until: int = 0
    """Position of the last live video in the store."""

    @classmethod
    def of(cls, sources: Sequence[Source], changes: Sequence[VideoChange] = ()) -> MergedCatalogue:
        put = [change.video for change in changes if not change.deleted]
        videos = [source.frame("videos") for source in sources]
        media = [source.frame("media") for source in sources]
        if put:
            videos.append(conform(video_rows(put), "videos"))
            media.append(conform(media_rows(put), "media"))
        every = pl.concat([empty("videos").with_columns(place=_NOWHERE), *_placed(videos)])
        named = pl.concat([empty("media").with_columns(place=_NOWHERE), *_placed(media)])
        last = every.unique("video_id", keep="last", maintain_order=True)
        gone = [change.video.video_id for change in changes if change.deleted]
        kept = last.filter(~pl.col("video_id").is_in(gone))
        # A later row without a file also removes the file of an earlier row.
        key = ["video_id", "place"]
        files = named.join(kept.select(key), on=key, how="semi", maintain_order="left")
        until = max((change.position for change in changes), default=0)
        return cls(kept.drop("place"), files.drop("place"), len(every) - len(last), until)


_NOWHERE = pl.lit(None, pl.Int64)


def _placed(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Frames with the number of their source in the column `place`."""
    return [
        frame.with_columns(pl.lit(place, pl.Int64).alias("place"))
        for place, frame in enumerate(frames)
    ]


@dataclass(frozen=True)
class MergedBehavior:
    """Events in source order, comments, and rows rejected by the merge."""

    events: pl.DataFrame
    comments: pl.DataFrame
    rejects: pl.DataFrame
    live: int
    """Number of live events."""
    live_until: int
    """Position of the last live event in the store."""

    def rejected(self) -> dict[str, int]:
        return dict(self.rejects["reason"].value_counts().sort("reason").iter_rows())


def merge_behavior(sources: Sequence[Source], store: Store, videos: pl.DataFrame) -> MergedBehavior:
    """Events of all sources with video ids; an empty catalog accepts every id.

    `sequence` is the order over all sources, live events last.
    """
    events, comments = _events_of(sources)
    live = _live_events(store)
    start = 0 if events.is_empty() else int(str(events["sequence"].max()))
    live = live.with_columns(pl.col("sequence") + start)
    comments = pl.concat([comments, comments_of(live).with_columns(by_title=False)])
    events = pl.concat([events, live.drop("text")])
    ids = _ids(videos)
    forgotten = store.forgotten_among(events["user_id"].unique().to_list())
    events = _with_reasons(events, ids, videos, forgotten)
    comments = _with_reasons(comments, ids, videos, forgotten)
    good = pl.col("reason").is_null()
    return MergedBehavior(
        events.filter(good).select(list(EVENT_SCHEMA)),
        comments.filter(good).select("user_id", "video_id", "timestamp", "text"),
        _rejects(events.filter(~good)),
        len(live),
        0 if live.is_empty() else int(str(live["row"].max())),
    )


def _events_of(sources: Sequence[Source]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events with `source`, `row` and `by_title`, and comments with `by_title`."""
    where = {"source": pl.String, "row": pl.Int64, "by_title": pl.Boolean}
    events = [pl.DataFrame(schema={**EVENT_SCHEMA, **where})]
    comments = [empty("comments").with_columns(by_title=pl.lit(value=False))]
    start = 0
    for source in sources:
        account = source.accounts.get("events", {})
        by_title = "video_id" not in account.get("columns", {"video_id": ""})
        frame = source.frame("events")
        events.append(
            frame.with_columns(
                pl.lit(account.get("file"), pl.String).alias("source"),
                pl.col("sequence").alias("row"),
                pl.lit(by_title).alias("by_title"),
                pl.col("sequence") + start,
            )
        )
        comments.append(source.frame("comments").with_columns(by_title=pl.lit(by_title)))
        start += 0 if frame.is_empty() else int(str(frame["sequence"].max()))
    return pl.concat(events), pl.concat(comments)


def _live_events(store: Store) -> pl.DataFrame:
    """Events of the store with `text`, `source`, `row` and `by_title`."""
    found = [entry for batch in store.events() for entry in batch]
    return event_rows(found).with_columns(
        pl.lit(LIVE).alias("source"),
        pl.col("sequence").alias("row"),
        pl.lit(value=False).alias("by_title"),
    )


def _ids(videos: pl.DataFrame) -> Mapping[str, str | None]:
    """Video id by title, None for the title of several videos."""
    known = videos.select("title", "video_id").drop_nulls().group_by("title")
    pairs = known.agg(pl.col("video_id").first(), pl.len().alias("videos"))
    return {title: video if n == 1 else None for title, video, n in pairs.iter_rows()}


def _with_reasons(
    rows: pl.DataFrame,
    ids: Mapping[str, str | None],
    videos: pl.DataFrame,
    forgotten: set[str],
) -> pl.DataFrame:
    """Rows with ids in place of titles, and the `reason` to reject them or null."""
    known = {title: video for title, video in ids.items() if video is not None}
    several = [title for title, video in ids.items() if video is None]
    by_title = pl.col("by_title")
    # In a catalog without ids the title is the id.
    found = pl.when(by_title).then(pl.col("video_id").replace(known)).otherwise("video_id")
    ambiguous = by_title & pl.col("video_id").is_in(several)
    unknown = pl.lit(len(videos) > 0) & ~found.is_in(videos["video_id"].implode())
    reason = (
        pl.when(pl.col("user_id").is_in(list(forgotten)))
        .then(pl.lit(FORGOTTEN))
        .when(ambiguous)
        .then(pl.lit(SEVERAL))
        .when(unknown)
        .then(pl.lit(UNKNOWN))
    )
    return rows.with_columns(reason.alias("reason"), found.alias("video_id"))


def _rejects(refused: pl.DataFrame) -> pl.DataFrame:
    """One reject per row of a table; without ids of erased users."""
    rows = refused.unique("sequence", keep="first", maintain_order=True)
    named = pl.struct("user_id", "video_id", "event", "timestamp").struct.json_encode()
    raw = pl.when(pl.col("reason") != FORGOTTEN).then(named)
    table = pl.lit("events").alias("table")
    return rows.select(table, "source", "row", "reason", raw.alias("raw")).select(
        pl.col(name).cast(kind) for name, kind in REJECT_SCHEMA.items()
    )
