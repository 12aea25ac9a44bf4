"""Extractions and encoded vectors -> VideoFeatures: one row per video of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from vireo.arrays import Bools, Floats
from vireo.data.remote import is_url
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures
from vireo.video.encode import EncodedVideos
from vireo.video.extraction import Extraction
from vireo.video.frame_cache import CatalogueFile

NO_VECTOR = "the encoder gave no finite vector"


class ExtractedFile(NamedTuple):
    """A file, its extraction, and the path of its contact sheet."""

    file: CatalogueFile
    extraction: Extraction
    sheet: Path | None


def assemble(
    videos: pl.DataFrame,
    media: pl.DataFrame,
    extracted: Sequence[ExtractedFile],
    encoded: EncodedVideos | None,
    info: Mapping[str, str],
    workspace: Path = Path(),
) -> VideoFeatures:
    """Rows of `extracted` and `encoded` correspond; `media` also holds unreadable files.

    Paths of contact sheets are relative to `workspace`, so that a workspace can be moved.
    """
    ids: list[str] = videos["video_id"].to_list()
    row_of = {video_id: row for row, video_id in enumerate(ids)}
    rows = [row_of[one.file.video_id] for one in extracted]
    picture = np.zeros((len(ids), encoded.vectors.shape[1] if encoded else 0), np.float32)
    if encoded is not None:
        picture[rows] = encoded.vectors
    has_picture: Bools = np.any(picture != 0, axis=1)
    table = {video_id: _table_row(video_id, "absent", "no file is named") for video_id in ids}
    table |= {row["video_id"]: row for row in _unreadable_rows(media)}
    for one, row in zip(extracted, rows, strict=True):
        sheet = one.sheet.relative_to(workspace).as_posix() if one.sheet else None
        values = _file_row(one.file, one.extraction, bool(has_picture[row]))
        table[one.file.video_id] = {**values, "sheet": sheet}
    audio, has_audio = _audio(len(ids), extracted, rows)
    return VideoFeatures(
        table=pl.DataFrame([table[video_id] for video_id in ids], FEATURE_SCHEMA, orient="row"),
        picture=picture,
        has_picture=has_picture,
        audio=audio,
        has_audio=has_audio,
        dialogue=_dialogue(extracted, rows),
        info=info,
    )


def _table_row(video_id: str, status: str, reason: str) -> dict[str, Any]:
    empty = dict.fromkeys(FEATURE_SCHEMA)
    row = {"video_id": video_id, "status": status, "reason": reason, "frames": 0}
    return {**empty, **row, "has_audio": False}


def _unreadable_rows(media: pl.DataFrame) -> list[dict[str, Any]]:
    unread = media.filter(pl.col("digest").is_null()).select("video_id", "path")
    return [
        _table_row(video_id, "failed", _unreadable_reason(path))
        for video_id, path in unread.iter_rows()
    ]


def _unreadable_reason(path: str | None) -> str:
    if path and is_url(path):
        return f"no file can be downloaded from the URL: {path}"
    if path and Path(path).is_dir():
        return f"a directory, not a file: {path}"
    if path and Path(path).exists():
        return f"the file cannot be read: {path}"
    return f"file not found: {path}"


def _file_row(file: CatalogueFile, extraction: Extraction, has_picture: bool) -> dict[str, Any]:
    no_vector = len(extraction.times) > 0 and not has_picture
    reasons = [reason for reason in (extraction.reason, NO_VECTOR if no_vector else "") if reason]
    return {
        "video_id": file.video_id,
        "status": "partial" if no_vector and extraction.status == "ok" else extraction.status,
        "reason": "; ".join(reasons),
        "duration": extraction.duration,
        "width": extraction.width,
        "height": extraction.height,
        "frames": len(extraction.times),
        "has_audio": extraction.has_audio,
        "loudness": extraction.loudness,
        "speech": extraction.speech,
        "tempo": extraction.tempo,
        "digest": file.digest,
        "text_source": extraction.text_source or None,
    }


def _audio(
    count: int, extracted: Sequence[ExtractedFile], rows: Sequence[int]
) -> tuple[Floats, Bools]:
    width = max((len(one.extraction.audio) for one in extracted), default=0)
    audio, has_audio = np.zeros((count, width), np.float32), np.zeros(count, np.bool_)
    for one, row in zip(extracted, rows, strict=True):
        if one.extraction.has_audio:
            audio[row], has_audio[row] = one.extraction.audio, True
    return audio, has_audio


def _dialogue(extracted: Sequence[ExtractedFile], rows: Sequence[int]) -> pl.DataFrame:
    in_order = [extracted[i] for i in np.argsort(rows, kind="stable")]
    lines = [
        (one.file.video_id, line.start, line.end, line.text, line.source or "subtitles")
        for one in in_order
        for line in one.extraction.dialogue
    ]
    return pl.DataFrame(lines, DIALOGUE_SCHEMA, orient="row")
