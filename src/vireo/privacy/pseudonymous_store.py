"""A database that knows viewers by their pseudonyms alone, whichever name it is asked by."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vireo.errors import ConfigError, VireoError
from vireo.privacy.base import PrivacySection
from vireo.privacy.pseudonyms import KEY_FILE, Pseudonyms, make_key, read_key
from vireo.store.base import (
    Action,
    Experiment,
    Key,
    LiveEvent,
    LiveVideo,
    Preference,
    Store,
    StoreSection,
    UserAttributes,
    UserState,
    VideoChange,
)
from vireo.store.sql import open_store
from vireo.store.validation import check, check_edit, check_text, check_video, check_viewers


def open_workspace_store(
    where: StoreSection, section: PrivacySection, workspace: Path, empty: bool
) -> Store:
    """The database, in which viewers are named as [privacy] wants them to be.

    `empty`: nothing was ingested yet. Raises what `open_store` raises, and ConfigError where the
    viewers that are there are named otherwise.
    """
    store = open_store(where, workspace)
    try:
        key = _key(section, workspace, store, empty)
    except VireoError:
        store.close()
        raise
    return store if key is None else PseudonymousStore(store, Pseudonyms(key))


def _key(section: PrivacySection, workspace: Path, store: Store, empty: bool) -> bytes | None:
    """The key that names viewers; None where they keep their ids.

    The database keeps the fingerprint of the key, so that a lost key, another one, or a changed
    setting is said, and does not turn every viewer into a stranger.
    """
    named = store.pseudonym_key()
    if not section.pseudonyms:
        if named:
            raise ConfigError(
                "The viewers of this workspace are kept under pseudonyms.",
                "Write `pseudonyms = true` under [privacy] again.",
            )
        return None
    path = workspace / (section.key_file or KEY_FILE)
    key = read_key(path)
    if not named:
        if store.has_plain_ids() or not empty:
            raise ConfigError(
                "This workspace holds viewers under their own ids: pseudonyms come too late.",
                "`vireo new` a workspace, set `pseudonyms = true` before the first table.",
            )
        key = key or make_key(path)
        store.set_pseudonym_key(Pseudonyms(key).fingerprint)
    elif key is None or Pseudonyms(key).fingerprint != named:
        what = "is missing" if key is None else "is not the one by which viewers were named"
        raise ConfigError(
            f"The key of the pseudonyms, {path}, {what}.", "Put the right one back from a backup."
        )
    return key


class PseudonymousStore:
    """Store (see store/base.py): ids of viewers go in, pseudonyms lie in it and come out."""

    def __init__(self, store: Store, names: Pseudonyms) -> None:
        self._store = store
        self.names = names

    # --- viewers are named here

    def pseudonym_of(self, user_id: str) -> str:
        return self.names.of(user_id)

    def append(self, events: Sequence[LiveEvent]) -> int:
        return self.append_all([events])[0]

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        check(event for batch in batches for event in batch)  # as sent: errors name what was sent
        return self._store.append_all([[self._event(e) for e in batch] for batch in batches])

    def _event(self, event: LiveEvent) -> LiveEvent:
        return replace(event, user_id=self.names.of(event.user_id))

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        return self._store.events_of(self.names.of(user_id), after)

    def put_video(self, video: LiveVideo) -> int:
        check_video(video)
        return self._store.put_video(replace(video, access=self.names.groups(video.access)))

    def set_users(self, viewers: Sequence[UserAttributes]) -> int:
        check_viewers(viewers)
        return self._store.set_users(
            [replace(v, user_id=self.names.of(v.user_id)) for v in viewers]
        )

    def user(self, user_id: str) -> UserAttributes:
        return self._store.user(self.names.of(user_id))

    def add_preference(self, edit: Preference) -> Preference:
        check_edit(edit)
        return self._store.add_preference(replace(edit, user_id=self.names.of(edit.user_id)))

    def preferences_of(self, user_id: str) -> list[Preference]:
        return self._store.preferences_of(self.names.of(user_id))

    def remove_preference(self, user_id: str, number: int) -> bool:
        return self._store.remove_preference(self.names.of(user_id), number)

    def choices(self, user_id: str) -> dict[str, Any]:
        return self._store.choices(self.names.of(user_id))

    def set_choices(self, user_id: str, choices: Mapping[str, Any]) -> None:
        check_text("user_id", user_id)
        self._store.set_choices(self.names.of(user_id), choices)

    def user_state(self, user_id: str, after: int = 0) -> UserState:
        return self._store.user_state(self.names.of(user_id), after)

    def user_states(self, user_ids: Sequence[str], after: int = 0) -> dict[str, UserState]:
        kept = {self.names.of(user): user for user in user_ids}
        found = self._store.user_states(list(kept), after)
        return {kept[name]: standing for name, standing in found.items()}

    def forget(self, user_id: str) -> int:
        return self._store.forget(self.names.of(user_id))

    def is_forgotten(self, user_id: str) -> bool:
        return self._store.is_forgotten(self.names.of(user_id))

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        kept = {self.names.of(user): user for user in user_ids}
        return {kept[name] for name in self._store.forgotten_among(kept)}

    def add_key(self, key: Key) -> None:
        user = None if key.user_id is None else self.names.of(key.user_id)
        self._store.add_key(replace(key, user_id=user))

    # --- nothing here names a viewer, or only by the name under which they are kept

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        return self._store.events(after, batch)

    def watermark(self) -> int:
        return self._store.watermark()

    def delete_video(self, video_id: str) -> int:
        return self._store.delete_video(video_id)

    def video_changes(self, after: int = 0) -> list[VideoChange]:
        return self._store.video_changes(after)

    def video_position(self) -> int:
        return self._store.video_position()

    def consent_answers(self, purpose: str) -> dict[str, bool]:
        return self._store.consent_answers(purpose)

    def generation(self) -> int:
        return self._store.generation()

    def pseudonym_key(self) -> str:
        return self._store.pseudonym_key()

    def set_pseudonym_key(self, fingerprint: str) -> None:
        self._store.set_pseudonym_key(fingerprint)

    def has_plain_ids(self) -> bool:
        return self._store.has_plain_ids()

    def all_keys(self) -> list[Key]:
        return self._store.all_keys()

    def revoke_key(self, key_id: str, moment: int) -> bool:
        return self._store.revoke_key(key_id, moment)

    def log(self, action: Action) -> None:
        self._store.log(action)

    def actions(self, most: int = 200) -> list[Action]:
        return self._store.actions(most)

    def begin_experiment(self, experiment: Experiment) -> Experiment:
        return self._store.begin_experiment(experiment)

    def experiments(self) -> list[Experiment]:
        return self._store.experiments()

    @property
    def is_file(self) -> bool:
        return self._store.is_file

    def close(self) -> None:
        self._store.close()
