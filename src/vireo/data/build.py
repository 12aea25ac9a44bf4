"""Data stage: Tables of all sources and live events, split, with counts of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vireo.artifacts.files import digest_of_json
from vireo.data.base import DataSection, Split, Tables
from vireo.data.file_hashes import with_digests
from vireo.data.merge import MergedBehavior, MergedCatalogue, merge_behavior
from vireo.data.readers import conform, empty, sum_counts
from vireo.data.sources import Source, Sources
from vireo.data.split import HELD, TRAIN, parts_of, seen_comments
from vireo.engine.base import Context
from vireo.store.base import Store


def recipe(
    sources: Sources, store: Store, split: Split, section: DataSection, cache: Path
) -> dict[str, Any]:
    """All inputs of the tables, as JSON for the artifact id."""
    every = sources.all()
    catalogue = MergedCatalogue.of(every, store.video_changes())
    media = with_digests(catalogue.media, cache)
    live = {"watermark": store.watermark(), "generation": store.generation()}
    if catalogue.live_until:
        live["videos"] = catalogue.live_until
    return {
        "sources": [source.id for source in every],
        "media": digest_of_json(media.rows()),
        "live": live,
        "split": split.recipe(),
    }


def build(
    sources: Sources, store: Store, split: Split, section: DataSection, context: Context
) -> Tables:
    """Tables of all sources, validated against the catalog and split.

    Without a table of videos the catalog is made of the ids in the events.
    """
    every = sources.all()
    catalogue = MergedCatalogue.of(every, store.video_changes())
    behavior = merge_behavior(every, store, catalogue.videos)
    videos = catalogue.videos
    if videos.is_empty():
        ids = behavior.events.select(pl.col("video_id").unique(maintain_order=True))
        videos = conform(ids, "videos")
    part = parts_of(behavior.events, split, videos)
    training, heldout = behavior.events.filter(part == TRAIN), behavior.events.filter(part == HELD)
    rejects = [source.frame("rejects") for source in every]
    frames = {
        "videos": videos,
        "media": with_digests(catalogue.media, context.cache, context.progress),
        "events": training,
        "comments": seen_comments(behavior.comments, heldout, training, split),
        "heldout": heldout,
        "rejects": pl.concat([empty("rejects"), *rejects, behavior.rejects]),
    }
    return Tables(frames, _report(every, catalogue, behavior, frames, split))


def _report(
    every: Sequence[Source],
    catalogue: MergedCatalogue,
    behavior: MergedBehavior,
    frames: Mapping[str, pl.DataFrame],
    split: Split,
) -> dict[str, Any]:
    """Row counts over all sources: accepted + rejected = read for each table."""
    videos = _total(every, "videos")
    events = _total(every, "events")
    late = behavior.rejected()
    events["read"] += behavior.live
    events["accepted"] += behavior.live - sum(late.values())
    events["rejected"] = sum_counts([events["rejected"], late])
    events["live"] = behavior.live
    events["live_until"] = behavior.live_until
    videos["replaced"] = catalogue.replaced
    if catalogue.live_until:
        videos["live_until"] = catalogue.live_until
    videos["catalogue"] = len(frames["videos"])
    videos["with_files"] = len(frames["media"])
    unreadable = frames["media"]["digest"].null_count()
    return {
        "videos": videos,
        "events": {**events, "events": len(behavior.events)},
        "users": behavior.events["user_id"].n_unique(),
        "comments": len(frames["comments"]),
        "split": {
            **split.recipe(),
            "training": len(frames["events"]),
            "heldout": len(frames["heldout"]),
            "neither": len(behavior.events) - len(frames["events"]) - len(frames["heldout"]),
            "comments_withheld": len(behavior.comments) - len(frames["comments"]),
        },
        "notes": [*_notes(every, catalogue, unreadable), *_no_events(events, catalogue)],
    }


def _notes(every: Sequence[Source], catalogue: MergedCatalogue, unreadable: int) -> list[str]:
    notes = [note for source in every for note in _source_notes(source)]
    if catalogue.replaced:
        notes.append(f"{catalogue.replaced} rows of videos were replaced by later ones.")
    if catalogue.videos.is_empty():
        notes.append("There is no table of videos: the catalogue is made of the events' video ids.")
    if unreadable:
        notes.append(f"{unreadable} media files cannot be read: they have no digest.")
    return list(dict.fromkeys(notes))


def _no_events(events: Mapping[str, Any], catalogue: MergedCatalogue) -> list[str]:
    """A note if no event was accepted, most often because the video ids differ."""
    if events["accepted"] or not events["read"]:
        return []
    known = catalogue.videos["video_id"].head(1).to_list()
    looks = f" A known video id looks like '{known[0]}'." if known else ""
    return [f"No event was accepted: `vireo list rejects` shows them with reasons.{looks}"]


def _source_notes(source: Source) -> list[str]:
    notes = []
    for name, account in sorted(source.accounts.items(), reverse=True):
        notes += account["notes"]
        notes += [f"{name}: {count} rows: {what}." for what, count in account["warnings"].items()]
        if account["columns_not_used"]:
            notes.append(f"{name}: columns not used: {', '.join(account['columns_not_used'])}.")
    return notes


def _total(every: Sequence[Source], table: str) -> dict[str, Any]:
    accounts = [source.accounts[table] for source in every if table in source.accounts]
    return {
        "read": sum(account["read"] for account in accounts),
        "accepted": sum(account["accepted"] for account in accounts),
        "rejected": sum_counts(account["rejected"] for account in accounts),
    }
