"""Video files, thumbnails, style sheet and script."""

from __future__ import annotations

import hashlib
import html
import threading
from pathlib import Path
from typing import Any

import polars as pl
from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from vireo.server.auth import ServiceOf
from vireo.server.http_error import HttpProblem
from vireo.server.pages.session import Session, SessionOf
from vireo.server.service import Service

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parent.parent / "static"
_FILES = {"vireo.css": "text/css", "vireo.js": "text/javascript", "vireo.svg": "image/svg+xml"}
_WIDTH, _HEIGHT = 480, 270
_KEPT = {"cache-control": "private, max-age=3600"}
_drawing = threading.Lock()
"""One thumbnail at a time: decoding is heavy, and each is made only once."""


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Our own files, by name and never by path."""
    if name not in _FILES:
        raise HttpProblem(404, "unknown", "There is no such file.", "")
    return FileResponse(STATIC / name, media_type=_FILES[name], headers=_KEPT)


@router.get("/media/{video_id}")
def media(video_id: str, service: ServiceOf, session: SessionOf) -> Response:
    """The film itself, in parts where the player asks for parts."""
    sighted(service, session, video_id)
    path = file_of(service, video_id)
    if path is None:
        raise HttpProblem(404, "unknown", "This video has no file here.", "")
    return FileResponse(path, headers={**_KEPT, "content-disposition": "inline"})


@router.get("/thumbnails/{video_id}")
def thumbnail(video_id: str, service: ServiceOf, session: SessionOf) -> Response:
    """A frame of the film; a drawn card where there is none."""
    sighted(service, session, video_id)
    path = file_of(service, video_id)
    kept = _thumbnail(path, service.work.path / "cache" / "thumbnails") if path else None
    if kept is None:
        title = service.videos.title(video_id)
        return Response(_card(video_id, title), media_type="image/svg+xml", headers=_KEPT)
    return FileResponse(kept, media_type="image/jpeg", headers=_KEPT)


def sighted(service: Service, session: Session, video_id: str) -> None:
    """Raise Refusal if the selected viewer may not see the video."""
    if not service.videos.may_see(session.user_id or None, video_id):
        raise HttpProblem(404, "unknown-video", f"There is no video '{video_id}' for this viewer.")


def file_of(service: Service, video_id: str) -> Path | None:
    """The film's file, if the build could read it as one (or it was put since), and it is there."""
    now = service.now
    row = now.overlay.catalogue.find(video_id)
    if row is None or row in now.overlay.deleted:
        return None
    known = now.overlay.video.table
    if row < known.height and known["status"][row] in ("absent", "failed"):
        return None
    named = now.overlay.tables.media.filter(pl.col("video_id") == video_id)["path"]
    path = Path(named[0]) if len(named) and named[0] else None
    return path if path is not None and path.is_file() else None


def _thumbnail(path: Path, folder: Path) -> Path | None:
    """The kept picture of a film, drawn if it is not there; None where it cannot be decoded."""
    stamp = f"{path}\0{path.stat().st_mtime_ns}"
    kept = folder / f"{hashlib.sha256(stamp.encode()).hexdigest()[:32]}.jpg"
    with _drawing:
        if kept.exists():
            return kept
        frame = _frame(path)
        if frame is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        height = max(2, round(_WIDTH * frame.height / frame.width / 2) * 2)
        frame.reformat(width=_WIDTH, height=height).to_image().save(kept, quality=82)
    return kept


def _frame(path: Path) -> Any:
    """The first frame after a fifth of the film, where the titles are over."""
    from vireo.video.media import (
        Decoder,
        UnreadableMedia,
        open_media,
        stream_duration,
        video_stream,
    )

    try:
        with open_media(path) as container:
            stream = video_stream(container)
            if stream is None:
                return None
            decoder = Decoder(container, stream)
            moment = 0.2 * (stream_duration(container, stream) or 0.0)
            decoder.seek(moment)
            last = None
            for last in decoder.frames():
                if (decoder.frame_time(last) or 0.0) >= moment:
                    break
            return last
    except UnreadableMedia:
        return None


def _card(video_id: str, title: str) -> str:
    """A quiet drawing with the first letters of the title; its colour belongs to the video."""
    hue = int(hashlib.sha256(video_id.encode("utf-8", "replace")).hexdigest()[:4], 16) % 360
    letters = "".join(word[0] for word in title.split()[:2] if word[0].isalnum()).upper() or "▶"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="hsl({hue} 32% 30%)"/>'
        f'<circle cx="420" cy="30" r="150" fill="hsl({(hue + 40) % 360} 38% 38%)"/>'
        f'<text x="36" y="228" font-family="sans-serif" font-size="88" font-weight="700" '
        f'fill="hsl({hue} 45% 92%)">{html.escape(letters)}</text></svg>'
    )
