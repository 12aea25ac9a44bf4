"""Videos for the endpoints and pages: facts, changes, and whether a user may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vireo.errors import UnknownVideo, VireoError
from vireo.server.live_state import StateRefresher
from vireo.store.base import LiveVideo, Store


class VideoService:
    """The catalogue of the build with the videos put since."""

    def __init__(self, state: StateRefresher, store: Store, on_change: Callable[[], None]) -> None:
        """`on_change` is called after a video was put or deleted."""
        self._state = state
        self._store = store
        self._on_change = on_change

    def put(self, video: LiveVideo) -> None:
        """Keep the video; within a moment it is recommended by its text."""
        self._store.put_video(video)
        self._on_change()

    def delete(self, video_id: str) -> None:
        """Take the video out of every list; raises UnknownVideo."""
        self.about(video_id)
        self._store.delete_video(video_id)
        self._on_change()

    def about(self, video_id: str) -> dict[str, Any]:
        """Facts about a video, live videos included."""
        try:
            return self._state.now.served.about_video(video_id)
        except VireoError as error:
            return self._waiting(video_id, error)

    def _waiting(self, video_id: str, error: VireoError) -> dict[str, Any]:
        changes = self._store.video_changes()
        latest = next((c for c in changes if c.video.video_id == video_id), None)
        if latest is None or latest.deleted:
            if isinstance(error, UnknownVideo):
                raise error
            raise UnknownVideo(f"There is no video '{video_id}'.", "PUT it first.") from error
        given = {k: v for k, v in vars(latest.video).items() if v and k != "video_id"}
        return {"video_id": video_id, "metadata": given, "visual": {"status": "waiting"}}

    def title(self, video_id: str) -> str:
        """The title, or the id where there is none."""
        catalogue = self._state.now.overlay.catalogue
        row = catalogue.find(video_id)
        return video_id if row is None else catalogue.titles[row]

    def in_category(self, video_id: str, category: str) -> bool:
        """Whether the video carries the category, or a tag of this name; "" holds all."""
        overlay = self._state.now.overlay
        row = overlay.catalogue.find(video_id)
        if not category or row is None:
            return not category
        facts = overlay.tables.videos.row(row, named=True)
        return category in (facts["category"], *(facts["tags"] or ()))

    def may_see(self, user_id: str | None, video_id: str) -> bool:
        """Whether the rules that protect let this viewer (or anybody) see the video."""
        now = self._state.now
        row = now.overlay.catalogue.find(video_id)
        return row is None or bool(now.served.allowed(user_id)[row])
