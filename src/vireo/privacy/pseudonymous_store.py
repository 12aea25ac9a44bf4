"""A database that knows viewers by their pseudonyms alone, whichever name it is asked by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vireo.errors import ConfigError, VireoError
from vireo.privacy.base import PrivacySection
from vireo.privacy.pseudonyms import KEY_FILE, Pseudonyms, make_key, read_key
from vireo.store.base import (
    Key,
    LiveEvent,
    LiveVideo,
    Preference,
    Store,
    StoreSection,
    UserAttributes,
    UserState,
)
from vireo.store.sql import SqlStore, open_store
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


def _key(section: PrivacySection, workspace: Path, store: SqlStore, empty: bool) -> bytes | None:
    """The key that names viewers; None where they keep their ids.

    The database keeps the fingerprint of the key, so that a lost key, another one, or a changed
    setting is an error, and does not make all users unknown.
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


class PseudonymousStore(SqlStore):
    """A store whose rows hold pseudonyms, while callers pass and get user ids."""

    def __init__(self, store: SqlStore, names: Pseudonyms) -> None:
        super().__init__(store.database)
        self.names = names

    def pseudonym_of(self, user_id: str) -> str:
        return self.names.of(user_id)

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        check(event for batch in batches for event in batch)  # as sent: errors name what was sent
        return super().append_all([[self._event(event) for event in batch] for batch in batches])

    def _event(self, event: LiveEvent) -> LiveEvent:
        return replace(event, user_id=self.names.of(event.user_id))

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        return super().events_of(self.names.of(user_id), after)

    def put_video(self, video: LiveVideo) -> int:
        check_video(video)
        return super().put_video(replace(video, access=self.names.groups(video.access)))

    def set_users(self, users: Sequence[UserAttributes]) -> int:
        check_viewers(users)
        return super().set_users(
            [replace(user, user_id=self.names.of(user.user_id)) for user in users]
        )

    def user(self, user_id: str) -> UserAttributes:
        return super().user(self.names.of(user_id))

    def add_preference(self, preference: Preference) -> Preference:
        check_edit(preference)
        pseudonym = self.names.of(preference.user_id)
        return super().add_preference(replace(preference, user_id=pseudonym))

    def preferences_of(self, user_id: str) -> list[Preference]:
        return super().preferences_of(self.names.of(user_id))

    def remove_preference(self, user_id: str, number: int) -> bool:
        return super().remove_preference(self.names.of(user_id), number)

    def choices(self, user_id: str) -> dict[str, Any]:
        return super().choices(self.names.of(user_id))

    def set_choices(self, user_id: str, choices: Mapping[str, Any]) -> None:
        check_text("user_id", user_id)
        super().set_choices(self.names.of(user_id), choices)

    def user_state(self, user_id: str, after: int = 0) -> UserState:
        return super().user_state(self.names.of(user_id), after)

    def user_states(self, user_ids: Sequence[str], after: int = 0) -> dict[str, UserState]:
        asked = {self.names.of(user): user for user in user_ids}
        found = super().user_states(list(asked), after)
        return {asked[name]: state for name, state in found.items()}

    def forget(self, user_id: str) -> int:
        return super().forget(self.names.of(user_id))

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        asked = {self.names.of(user): user for user in user_ids}
        return {asked[name] for name in super().forgotten_among(asked)}

    def add_key(self, key: Key) -> None:
        user = None if key.user_id is None else self.names.of(key.user_id)
        super().add_key(replace(key, user_id=user))
