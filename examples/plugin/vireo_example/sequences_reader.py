"""The reader `sequences`: one line per user, `user: video video ...`, oldest first."""

from __future__ import annotations

import polars as pl

from vireo.data.readers import RawTables, ReadRequest, RowCounts, conform
from vireo.errors import InputError


def read(request: ReadRequest) -> RawTables:
    """Events of the file at `request.events`; a line without a user is rejected, and counted."""
    if request.events is None:
        raise InputError("The format `sequences` reads events.", "Give --events FILE.")
    lines = request.events.read_text(encoding="utf-8").splitlines()
    events, rejects = [], []
    for number, line in enumerate(lines, start=1):
        user, colon, videos = line.partition(":")
        if not colon or not user.strip() or not videos.split():
            rejects.append({"table": "events", "row": number, "reason": "no user and videos"})
            continue
        events += [
            {"user_id": user.strip(), "video_id": video, "event": "view", "sequence": place}
            for place, video in enumerate(videos.split())
        ]
    ids = sorted({event["video_id"] for event in events})
    counts = RowCounts(
        file=str(request.events),
        read=len(lines),
        accepted=len(lines) - len(rejects),
        rejected={"no user and videos": len(rejects)} if rejects else {},
        columns={"user_id": "user", "video_id": "video"},
    )
    return RawTables(
        videos=conform(pl.DataFrame({"video_id": ids, "title": ids}), "videos"),
        events=conform(pl.DataFrame(events), "events"),
        rejects=conform(pl.DataFrame(rejects), "rejects") if rejects else RawTables().rejects,
        counts={"events": counts},
    )
