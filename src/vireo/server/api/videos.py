"""Videos: put, read and delete while the service runs."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter

from vireo.errors import InputError
from vireo.server.api.error_responses import problems
from vireo.server.api.lists import VideoId
from vireo.server.auth import PrincipalOf, ServiceOf, require_scope, require_visible
from vireo.server.schemas import StatusOut, VideoIn, VideoOut
from vireo.store.validation import check_text
from vireo.version import VERSION

router = APIRouter(prefix="/v1/videos", tags=["videos"])


@router.get("/{video_id}", responses=problems(404))
def show(video_id: VideoId, service: ServiceOf, caller: PrincipalOf) -> VideoOut:
    """Metadata, visual features, dialogue and record of a video."""
    require_visible(service, caller, caller.user_id, video_id)
    return VideoOut(**service.videos.about(video_id))


@router.put("/{video_id}", status_code=202, responses=problems())
def put(video_id: VideoId, body: VideoIn, service: ServiceOf, caller: PrincipalOf) -> StatusOut:
    """Add a video, or put it in place of an earlier one.

    202 means: on disk. Within seconds it is recommended by its text; its file is looked at by the
    next build.
    """
    require_scope(caller, "service")
    check_text("video_id", video_id)
    folders = [Path(folder) for folder in service.section.media_roots]
    path, subtitles = (_inside(given, folders) for given in (body.path, body.subtitles))
    service.videos.put(body.live(video_id, path, subtitles))
    service.log(caller, "put video", video_id)
    return StatusOut(status="accepted", version=VERSION)


@router.delete("/{video_id}", responses=problems(404))
def delete(video_id: VideoId, service: ServiceOf, caller: PrincipalOf) -> StatusOut:
    """Take a video out of every list and of the next build."""
    require_scope(caller, "service")
    service.videos.delete(video_id)
    service.log(caller, "delete video", video_id)
    return StatusOut(status="deleted", version=VERSION)


def _inside(given: str | None, folders: list[Path]) -> Path | None:
    """The real path of a file in one of the folders; raises InputError for any other."""
    if not given:
        return None
    for folder in folders:
        try:
            path = (folder / given).resolve()
            if path.is_relative_to(folder.resolve()) and path.is_file():
                return path
        except (OSError, ValueError):
            continue
    raise InputError(
        f"There is no file '{given}' in a folder of [server] media.",
        "Put it there first; in vireo.toml, [server] media names the folders.",
    )
