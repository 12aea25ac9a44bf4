"""Live videos in a SQL database: put and deleted while the service runs."""

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
    """Videos (see base.py); of each id the latest change is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_video(self, video: LiveVideo) -> int:
        """Keep the video in place of an earlier one; returns the change's position.

        Raises InputError if it could not be kept unchanged.
        """
        check_video(video)
        return self._change(video, deleted=False)

    def delete_video(self, video_id: str) -> int:
        """The video leaves the catalogue, wherever it came from; returns the position."""
        gone = LiveVideo(video_id)
        check_video(gone)
        return self._change(gone, deleted=True)

    def _change(self, video: LiveVideo, deleted: bool) -> int:
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "videos")
            named = {name.removeprefix(ONE) for name in video.access if name.startswith(ONE)}
            for user in self._database.refused(connection, named) if named else ():
                video = _closed(video, user)
            body = json.dumps(asdict(video), ensure_ascii=False)
            position = next_number(connection, "videos")
            connection.execute(delete(VIDEOS).where(VIDEOS.c.video_id == video.video_id))
            row = {"video_id": video.video_id, "position": position, "deleted": deleted}
            connection.execute(insert(VIDEOS), {**row, "body": body})
        return position

    def video_changes(self, after: int = 0) -> list[VideoChange]:
        """The latest change of each video with position > after, in the order of arrival."""
        columns = (VIDEOS.c.position, VIDEOS.c.body, VIDEOS.c.deleted)
        question = select(*columns).where(VIDEOS.c.position > after).order_by(VIDEOS.c.position)
        with self._database.transaction() as connection:
            rows = connection.execute(question).all()
        return [VideoChange(at, _video(json.loads(body)), bool(gone)) for at, body, gone in rows]

    def video_position(self) -> int:
        """The position of the last change, 0 when there is none."""
        with self._database.transaction() as connection:
            return get_number(connection, "videos")


def open_to_nobody(connection: Connection, user_id: str) -> None:
    """Remove the user from the access lists of videos."""
    named = select(VIDEOS.c.video_id, VIDEOS.c.body).where(VIDEOS.c.body.contains(ONE))
    for video_id, body in connection.execute(named).all():
        video = _video(json.loads(body))
        closed = _closed(video, user_id)
        if closed != video:
            text = json.dumps(asdict(closed), ensure_ascii=False)
            this = update(VIDEOS).where(VIDEOS.c.video_id == video_id)
            connection.execute(this.values(body=text))


def _closed(video: LiveVideo, user_id: str) -> LiveVideo:
    one = f"{ONE}{user_id}"
    return replace(video, access=tuple(ONE if name == one else name for name in video.access))


def _video(body: dict[str, Any]) -> LiveVideo:
    cells: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in body.items()
    }
    return LiveVideo(**cells)
