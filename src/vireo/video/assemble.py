"""What was taken from the files -> VideoFeatures: one row per video of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from vireo.arrays import Bools, Floats
from vireo.data.remote import is_url
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures
from vireo.video.encode import Encoded
from vireo.video.extract import Extraction
from vireo.video.frame_cache import File

NO_VECTOR = "the encoder gave no finite vector"


class Taken(NamedTuple):
    """A file, what was taken from it, and its contact sheet."""

    file: File
    found: Extraction
    sheet: Path | None


def features(
    videos: pl.DataFrame,
    media: pl.DataFrame,
    taken: Sequence[Taken],
    seen: Encoded | None,
    info: Mapping[str, str],
    workspace: Path = Path(),
) -> VideoFeatures:
    """`taken` and the rows of `seen` go together; `media` also holds what cannot be read.

    Sheets are named by their path inside `workspace`, so that a workspace can be moved.
    """
    ids: list[str] = videos["video_id"].to_list()
    row_of = {video_id: row for row, video_id in enumerate(ids)}
    places = [row_of[one.file.video_id] for one in taken]
    picture = np.zeros((len(ids), seen.vectors.shape[1] if seen else 0), np.float32)
    if seen is not None:
        picture[places] = seen.vectors
    has_picture: Bools = np.any(picture != 0, axis=1)
    table = {video_id: _row(video_id, "absent", "no file is named") for video_id in ids}
    table |= {row["video_id"]: row for row in _unreadable(media)}
    for one, place in zip(taken, places, strict=True):
        sheet = one.sheet.relative_to(workspace).as_posix() if one.sheet else None
        row = _described(one.file, one.found, bool(has_picture[place]))
        table[one.file.video_id] = {**row, "sheet": sheet}
    sound, has_sound = _sounds(len(ids), taken, places)
    return VideoFeatures(
        table=pl.DataFrame([table[video_id] for video_id in ids], FEATURE_SCHEMA, orient="row"),
        picture=picture,
        has_picture=has_picture,
        sound=sound,
        has_sound=has_sound,
        dialogue=_dialogue(taken, places),
        info=info,
    )


def _row(video_id: str, status: str, reason: str) -> dict[str, Any]:
    empty = dict.fromkeys(FEATURE_SCHEMA)
    row = {"video_id": video_id, "status": status, "reason": reason, "frames": 0}
    return {**empty, **row, "has_sound": False}


def _unreadable(media: pl.DataFrame) -> list[dict[str, Any]]:
    unread = media.filter(pl.col("digest").is_null()).select("video_id", "path")
    return [_row(video_id, "failed", _why(path)) for video_id, path in unread.iter_rows()]


def _why(path: str | None) -> str:
    if path and is_url(path):
        return f"no file can be had at the URL: {path}"
    if path and Path(path).is_dir():
        return f"a directory, not a file: {path}"
    if path and Path(path).exists():
        return f"the file cannot be read: {path}"
    return f"file not found: {path}"


def _described(file: File, found: Extraction, has_picture: bool) -> dict[str, Any]:
    lost = len(found.times) > 0 and not has_picture
    reasons = [reason for reason in (found.reason, NO_VECTOR if lost else "") if reason]
    return {
        "video_id": file.video_id,
        "status": "partial" if lost and found.status == "ok" else found.status,
        "reason": "; ".join(reasons),
        "duration": found.duration,
        "width": found.width,
        "height": found.height,
        "frames": len(found.times),
        "has_sound": found.has_sound,
        "loudness": found.loudness,
        "speech": found.speech,
        "tempo": found.tempo,
        "digest": file.digest,
        "words": found.words or None,
    }


def _sounds(count: int, taken: Sequence[Taken], places: Sequence[int]) -> tuple[Floats, Bools]:
    width = max((len(one.found.sound) for one in taken), default=0)
    sound, has_sound = np.zeros((count, width), np.float32), np.zeros(count, np.bool_)
    for one, place in zip(taken, places, strict=True):
        if one.found.has_sound:
            sound[place], has_sound[place] = one.found.sound, True
    return sound, has_sound


def _dialogue(taken: Sequence[Taken], places: Sequence[int]) -> pl.DataFrame:
    in_order = [taken[i] for i in np.argsort(places, kind="stable")]
    rows = [
        (one.file.video_id, line.start, line.end, line.text, line.source or "subtitles")
        for one in in_order
        for line in one.found.dialogue
    ]
    return pl.DataFrame(rows, DIALOGUE_SCHEMA, orient="row")
