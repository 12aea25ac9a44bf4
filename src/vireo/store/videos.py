"""Live videos in a SQL database."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from vireo.store.base import ONE, LiveVideo, VideoChange
from vireo.store.database import Database
from vireo.store.schema import VIDEOS, get_number, next_number
from vireo.store.validation import check_video


class SqlVideos:
    """Videos (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_video(self, video: LiveVideo) -> int:
        check_video(video)
        return self._change(video, deleted=False)

    def delete_video(self, video_id: str) -> int:
        video = LiveVideo(video_id)
        check_video(video)
        return self._change(video, deleted=True)

    def _change(self, video: LiveVideo, deleted: bool) -> int:
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "videos")
            named = {name.removeprefix(ONE) for name in video.access if name.startswith(ONE)}
            for user in self._database.erased_among(connection, named) if named else ():
                video = _without_access(video, user)
            body = json.dumps(asdict(video), ensure_ascii=False)
            position = next_number(connection, "videos")
            connection.execute(delete(VIDEOS).where(VIDEOS.c.video_id == video.video_id))
            row = {"video_id": video.video_id, "position": position, "deleted": deleted}
            connection.execute(insert(VIDEOS), {**row, "body": body})
        return position

    def video_changes(self, after: int = 0) -> list[VideoChange]:
        columns = (VIDEOS.c.position, VIDEOS.c.body, VIDEOS.c.deleted)
        query = select(*columns).where(VIDEOS.c.position > after).order_by(VIDEOS.c.position)
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        return [VideoChange(at, _video(json.loads(body)), bool(gone)) for at, body, gone in rows]

    def video_position(self) -> int:
        with self._database.transaction() as connection:
            return get_number(connection, "videos")


def remove_access(connection: Connection, user_id: str) -> None:
    """Remove the user from the access lists of videos."""
    named = select(VIDEOS.c.video_id, VIDEOS.c.body).where(VIDEOS.c.body.contains(ONE))
    for video_id, body in connection.execute(named).all():
        video = _video(json.loads(body))
        closed = _without_access(video, user_id)
        if closed != video:
            text = json.dumps(asdict(closed), ensure_ascii=False)
            this = update(VIDEOS).where(VIDEOS.c.video_id == video_id)
            connection.execute(this.values(body=text))


def _without_access(video: LiveVideo, user_id: str) -> LiveVideo:
    one = f"{ONE}{user_id}"
    return replace(video, access=tuple(ONE if name == one else name for name in video.access))


def _video(body: dict[str, Any]) -> LiveVideo:
    cells: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in body.items()
    }
    return LiveVideo(**cells)
