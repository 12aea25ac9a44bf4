"""Protocols of the database: events, videos, users, preferences, keys, audit log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from vireo.settings import Section

ONE = "user:"
"""Prefix of a user in the access list of a video: `user:ana`. `user:` alone is no user: it takes
the place of an erased one, so that the list never becomes empty, which is open to all."""
Scope = Literal["viewer", "service", "owner"]
"""Rights of a key: one user's data; all users' data; everything."""


class StoreSection(Section):
    """`[store]`: the database of live events."""

    url: str = ""
    """SQLAlchemy URL; empty: the SQLite file `vireo.db` of the workspace. VIREO_DATABASE overrides
    it."""


@dataclass(frozen=True)
class LiveEvent:
    """One event, as the platform sends it."""

    event_id: str
    """Set by the sender; a repeated id is one event."""
    user_id: str
    video_id: str
    event: str
    timestamp: int
    """Milliseconds since 1970 UTC."""
    value: float | None = None
    watch_seconds: float | None = None
    text: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    """Id of the list that showed the video."""
    rank: int | None = None
    """Position in that list, from 1."""


@dataclass(frozen=True)
class UserAttributes:
    """Stated attributes of a user: rules use them at once, training does not."""

    user_id: str
    age: float | None = None
    """Years."""
    region: str = ""
    """Usually a country code; availability by region uses it."""
    languages: tuple[str, ...] = ()
    """Languages that the user understands; empty: all."""
    groups: tuple[str, ...] = ()
    """Access groups."""


@dataclass(frozen=True)
class Preference:
    """A stated preference: "less horror", "more slow documentaries"."""

    user_id: str
    text: str
    video_id: str = ""
    """Video that "this" refers to in "less of this"."""
    at: int = 0
    """Milliseconds since 1970 UTC."""
    number: int = 0
    """Given by the store; used to remove the preference."""


@dataclass(frozen=True)
class LiveVideo:
    """One video, as the platform sends it: columns of VIDEO_SCHEMA, and files."""

    video_id: str
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    creator: str | None = None
    language: str | None = None
    published_at: int | None = None
    """Milliseconds since 1970 UTC."""
    duration: float | None = None
    """Seconds."""
    transcript: str | None = None
    age_rating: int | None = None
    """Minimum age in years."""
    regions: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    available_from: int | None = None
    """Milliseconds since 1970 UTC."""
    available_until: int | None = None
    series: str | None = None
    episode: int | None = None
    needs: tuple[str, ...] = ()
    level: int | None = None
    schedule: str | None = None
    participants: tuple[str, ...] = ()
    path: str | None = None
    """Absolute path of the file on this machine."""
    subtitles: str | None = None


@dataclass(frozen=True)
class VideoChange:
    """Latest change of one video."""

    position: int
    """Increases with every change."""
    video: LiveVideo
    deleted: bool


@dataclass(frozen=True)
class UserState:
    """Everything in the database about one user."""

    attributes: UserAttributes
    events: tuple[LiveEvent, ...] = ()
    """In order of arrival."""
    preferences: tuple[Preference, ...] = ()
    """Oldest first."""
    choices: Mapping[str, Any] = field(default_factory=dict)
    forgotten: bool = False


@dataclass(frozen=True)
class Key:
    """An API key; its secret is stored as a hash only."""

    key_id: str
    name: str
    scope: Scope
    user_id: str | None
    """User of a `viewer` key."""
    digest: str
    """SHA-256 of the secret, in hexadecimal."""
    created_at: int
    """Milliseconds since 1970 UTC."""
    revoked_at: int | None = None


@dataclass(frozen=True)
class Action:
    """One line of the audit log."""

    moment: int
    """Milliseconds since 1970 UTC."""
    actor: str
    """Id and name of the key, or `local`."""
    action: str
    subject: str


@dataclass(frozen=True)
class Experiment:
    """Online experiment: variants of the lists, compared from a point in time."""

    name: str
    """Seed of the assignment of users to variants."""
    variants: tuple[str, ...]
    """Names; their order is part of the assignment."""
    settings: str
    """Digest of the settings of all variants; other settings are another experiment."""
    after: int = 0
    """Position of the last event before its start."""
    began_at: int = 0
    """Milliseconds since 1970 UTC."""


class Events(Protocol):
    """Live events; durable when a call returns."""

    def append(self, events: Sequence[LiveEvent]) -> int:
        """Store events, idempotent by event_id; return the number of new ones.

        Ignores events of erased users. Raises InputError, and stores nothing, if an event
        cannot be stored unchanged.
        """

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        """Store several batches in one transaction; the number of new events of each."""

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        """Batches of (position, event) with position > after, in order of arrival."""

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        """One user's events with position > after, in order of arrival."""

    def watermark(self) -> int:
        """The position of the last event, 0 when there is none."""


class Videos(Protocol):
    """Videos put or deleted since the build; the next build merges them."""

    def put_video(self, video: LiveVideo) -> int:
        """Insert or replace a video; returns the position. Raises InputError for a bad value."""

    def delete_video(self, video_id: str) -> int:
        """Delete a video of any source from the catalog; returns the position."""

    def video_changes(self, after: int = 0) -> list[VideoChange]:
        """The latest change of each video with position > after, in order of arrival."""

    def video_position(self) -> int:
        """The position of the last change, 0 when there is none."""


class Users(Protocol):
    """User attributes, choices, preferences and erasures."""

    def set_users(self, users: Sequence[UserAttributes]) -> int:
        """Replace the attributes of these users; return how many were stored."""

    def user(self, user_id: str) -> UserAttributes:
        """Attributes of a user; empty ones for an unknown user."""

    def add_preference(self, preference: Preference) -> Preference:
        """Store a preference and return it with its number; erased users are rejected."""

    def preferences_of(self, user_id: str) -> list[Preference]:
        """Preferences of a user, oldest first."""

    def remove_preference(self, user_id: str, number: int) -> bool:
        """Delete one preference of a user; whether there was one."""

    def choices(self, user_id: str) -> dict[str, Any]:
        """Choices of the user: text query, consent; empty without any."""

    def set_choices(self, user_id: str, choices: Mapping[str, Any]) -> None:
        """Replace the choices (JSON values). Raises InputError for an erased user."""

    def user_state(self, user_id: str, after: int = 0) -> UserState:
        """State of one user; everything that a list needs beyond the build."""

    def user_states(self, user_ids: Sequence[str], after: int = 0) -> dict[str, UserState]:
        """State of several users; users without any data are left out."""

    def forget(self, user_id: str) -> int:
        """Delete all data of the user and reject new data; returns the deleted events."""

    def consent_answers(self, purpose: str) -> dict[str, bool]:
        """Consent by user, for users with an answer to this purpose."""

    def is_forgotten(self, user_id: str) -> bool: ...

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        """Those of the users that were erased, in one query."""

    def generation(self) -> int:
        """Increases with every erasure, so that older builds are stale."""


class Naming(Protocol):
    """User ids in the store: plain ids or pseudonyms of one key."""

    def pseudonym_of(self, user_id: str) -> str:
        """The stored id of a user: the plain id or its pseudonym."""

    def pseudonym_key(self) -> str:
        """Fingerprint of the key of the pseudonyms; empty for plain ids."""

    def set_pseudonym_key(self, fingerprint: str) -> None:
        """Use this key for pseudonyms from now on."""

    def has_plain_ids(self) -> bool:
        """Whether any table holds a plain user id."""


class Keys(Protocol):
    """API keys and the audit log."""

    def add_key(self, key: Key) -> None: ...

    def all_keys(self) -> list[Key]:
        """All keys, oldest first, revoked ones included."""

    def revoke_key(self, key_id: str, moment: int) -> bool:
        """Revoke a key; False for an unknown or revoked one."""

    def log(self, action: Action) -> None: ...

    def actions(self, most: int = 200) -> list[Action]:
        """The latest actions, newest first."""


class Experiments(Protocol):
    """Online experiments."""

    def begin_experiment(self, experiment: Experiment) -> Experiment:
        """Store it with the current position, unless it is already running."""

    def experiments(self) -> list[Experiment]:
        """All experiments, latest first."""


class Store(Events, Videos, Users, Naming, Keys, Experiments, Protocol):
    """The database of one workspace."""

    @property
    def is_file(self) -> bool:
        """Whether the database is a file, read in this process."""

    def close(self) -> None: ...
