"""Telling: what a workspace is told of its viewers, by a table and in their own words."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vireo.artifacts import Live
from vireo.batch.lists import SHARD, everybody
from vireo.batch.worker import Work
from vireo.config import Config
from vireo.data.readers.users import read_viewers
from vireo.engine import Context
from vireo.errors import InputError
from vireo.recommend.profile.preferences import unclear
from vireo.recommend.profile.summary import Profile
from vireo.recommend.recommender import Picks
from vireo.serving.online import Served
from vireo.serving.request import Ask, moment_of_asking
from vireo.store.base import Edit, Store, Viewer


class Telling(ABC):
    """The methods of Workspace that are about viewers. Nothing here makes a build."""

    path: Path
    config: Config
    live: Live

    @property
    @abstractmethod
    def _context(self) -> Context:
        """Hands, a scratch shelf, a voice."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """The database."""

    @property
    @abstractmethod
    def served(self) -> Served:
        """What is published now."""

    @abstractmethod
    def _length(self, k: int | None) -> int:
        """The length of a list: k, or the config's."""

    def recommend(
        self,
        user_id: str | None = None,
        k: int | None = None,
        like: str = "",
        *,
        page: int = 1,
        session: str = "",
        picked: Sequence[str] = (),
        viewer: Viewer | None = None,
        at: int | None = None,
    ) -> Picks:
        """A list for one viewer; an unknown one gets a popular, recent and varied one.

        `like` is a sentence that steers the list, `picked` ids of videos that stand for the
        taste. `page` 2 holds what page 1 did not; `session` seeds what is left to chance;
        `viewer` replaces what is told of the viewer; `at` (ms) is the moment of asking.
        """
        ask = Ask(page, session, tuple(picked), viewer, at)
        return self.served.recommend(user_id, self._length(k), like, ask)

    def recommend_all(
        self,
        out: str | os.PathLike[str],
        k: int | None = None,
        *,
        full: bool = False,
        shard: int = SHARD,
        at: int | None = None,
    ) -> dict[str, Any]:
        """Write every viewer's list to a Parquet file, in shards, by the engine; the accounting.

        A run that was killed goes on where it was. `full` makes every list one by one, with its
        reasons; without it they are made in blocks, by the same rules. `at` (ms): when it is asked.
        """
        stages = tuple(sorted(self.live.current().items()))
        moment = moment_of_asking() if at is None else at
        settings = self.config.model_dump_json(exclude_unset=True)
        work = Work(str(self.path), stages, self._length(k), settings, moment, full)
        return everybody(work, self.config, self._context, Path(out), shard)

    def tell(self, table: Path) -> dict[str, Any]:
        """Keep what a table says of viewers; return the accounting of its rows."""
        read = read_viewers(table, moment_of_asking())
        kept = self.store.set_viewers(read.viewers)
        reasons = read.rejects.select("row", "reason").to_dicts()
        return {**read.account.as_json(), "kept": kept, "refused_rows": reasons}

    def edit(self, user_id: str, text: str, video_id: str = "") -> Edit:
        """Keep a viewer's wish ("less horror"); it counts in the next list, and after rebuilds.

        `video_id` is what "this" means in "less of this". Raises InputError without words.
        """
        if video_id:
            self.served.catalogue.row(video_id)
        if question := unclear(text, video_id):
            raise InputError(
                f"The wish '{text.strip()}' leaves open {question}.",
                'Say it, like "less horror"; "this" needs the id of a video: --video ID.',
            )
        return self.store.add_edit(Edit(user_id, text.strip(), video_id, moment_of_asking()))

    def edits(self, user_id: str) -> list[Edit]:
        """A viewer's wishes, the oldest first."""
        return self.store.edits_of(user_id)

    def undo_edit(self, user_id: str, number: int) -> None:
        """Take one wish back; raises InputError if there is none of this number."""
        if not self.store.drop_edit(user_id, number):
            numbers = ", ".join(str(edit.number) for edit in self.edits(user_id)) or "none"
            raise InputError(
                f"The viewer '{user_id}' has no wish number {number}.", f"There are: {numbers}."
            )

    def profile(self, user_id: str) -> Profile:
        """What a viewer likes, in words and as data, with the videos that show it."""
        return self.served.profile(user_id)

    def is_told_of(self, user_id: str) -> bool:
        """Whether anything was told of this viewer, or by them."""
        return bool(self.store.edits_of(user_id)) or self.store.viewer(user_id) != Viewer(user_id)
