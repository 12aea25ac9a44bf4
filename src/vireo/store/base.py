"""Protocols of the database: events, videos, users, preferences, keys, audit log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from vireo.settings import Section
from vireo.store.naming import Naming

ONE = "user:"
"""`user:ana` among those who may open a video is the viewer `ana` alone; without an id it is
no user: an entry for one erased user must not open the video to all."""
Scope = Literal["viewer", "service", "owner"]
"""Rights of a key: one user's data; all users' data; everything."""


class StoreSection(Section):
    """`[store]`: the database of live events."""

    url: str = ""
    """SQLAlchemy URL; empty means the SQLite file `vireo.db` in the workspace. The environment
    variable VIREO_DATABASE stands above it."""


@dataclass(frozen=True)
class LiveEvent:
    """One event as a platform sends it."""

    event_id: str
    """Chosen by the sender: the same id twice is one event."""
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
    """The list on which the video was shown or chosen: the `request_id` of its answer."""
    rank: int | None = None
    """The place on that list, 1 for the first."""


@dataclass(frozen=True)
class UserAttributes:
    """Stated attributes of a user: rules use them at once, training does not."""

    user_id: str
    age: float | None = None
    """In years."""
    region: str = ""
    """For rights of showing: usually a country's code."""
    languages: tuple[str, ...] = ()
    """That the viewer understands; none: all."""
    groups: tuple[str, ...] = ()
    """For rights of access."""


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
    """One video as a platform sends it; the columns of the table of videos, and the files."""

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
    """The youngest age that may see it, in years."""
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
    """A video that was put or deleted; of each id only the latest change is kept."""

    position: int
    """Grows with every change."""
    video: LiveVideo
    deleted: bool


@dataclass(frozen=True)
class UserState:
    """Everything in the database about one user."""

    attributes: UserAttributes
    events: tuple[LiveEvent, ...] = ()
    """In the order of arrival."""
    preferences: tuple[Preference, ...] = ()
    """The oldest first."""
    choices: Mapping[str, Any] = field(default_factory=dict)
    forgotten: bool = False


@dataclass(frozen=True)
class Key:
    """A key as it is kept: never the secret, only its hash."""

    key_id: str
    name: str
    scope: Scope
    user_id: str | None
    """For `viewer`: whose data it opens."""
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
    """The key's id and name, or `local`."""
    action: str
    subject: str


@dataclass(frozen=True)
class Experiment:
    """Variants of the lists that are tried on viewers, from a moment on."""

    name: str
    """Seeds who gets which variant."""
    variants: tuple[str, ...]
    """Their names, in the order that decides who gets which."""
    settings: str
    """Digest of what was served as each: other settings are another experiment."""
    after: int = 0
    """The position of the last event before it began."""
    began_at: int = 0
    """Milliseconds since 1970 UTC."""


class Events(Protocol):
    """Live events. Durable when a call returns; safe to kill at any moment."""

    def append(self, events: Sequence[LiveEvent]) -> int:
        """Store the events; return how many were new. Idempotent by event_id."""
        ...

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        """Several senders' events in one transaction; how many of each were new."""
        ...

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        """Batches of (position, event) with position > after, in the order of arrival."""
        ...

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        """One user's events with position > after, in the order of arrival."""
        ...

    def watermark(self) -> int:
        """The position of the last event, 0 when there is none."""
        ...


class Videos(Protocol):
    """Live videos: put and deleted while the service runs, merged by the next build."""

    def put_video(self, video: LiveVideo) -> int:
        """Keep the video in place of an earlier one; returns the change's position."""
        ...

    def delete_video(self, video_id: str) -> int:
        """The video leaves the catalogue, wherever it came from; returns the position."""
        ...

    def video_changes(self, after: int = 0) -> list[VideoChange]:
        """The latest change of each video with position > after, in the order of arrival."""
        ...

    def video_position(self) -> int:
        """The position of the last change, 0 when there is none."""
        ...


class Users(Protocol):
    """User attributes, choices, preferences, and erasures."""

    def set_users(self, viewers: Sequence[UserAttributes]) -> int:
        """Replace the attributes of these users; return how many were stored."""
        ...

    def user(self, user_id: str) -> UserAttributes:
        """Attributes of a user; empty ones for an unknown user."""
        ...

    def add_preference(self, edit: Preference) -> Preference:
        """Store a preference and return it with its number; erased users are rejected."""
        ...

    def preferences_of(self, user_id: str) -> list[Preference]:
        """Preferences of a user, oldest first."""
        ...

    def remove_preference(self, user_id: str, number: int) -> bool:
        """Delete one preference of a user; whether there was one."""
        ...

    def choices(self, user_id: str) -> dict[str, Any]:
        """Choices of the user: text query, consent; empty without any."""
        ...

    def set_choices(self, user_id: str, choices: Mapping[str, Any]) -> None:
        """Keep it in place of the earlier one; JSON values only."""
        ...

    def user_state(self, user_id: str, after: int = 0) -> UserState:
        """All that a list needs to know of a viewer beyond the build, in one question."""
        ...

    def user_states(self, user_ids: Sequence[str], after: int = 0) -> dict[str, UserState]:
        """State of several users; users without any data are left out."""
        ...

    def forget(self, user_id: str) -> int:
        """Delete the user's rows and remember (by keyed hash) not to take them again."""
        ...

    def consent_answers(self, purpose: str) -> dict[str, bool]:
        """Viewer -> their yes or no to a purpose; the silent are not in it."""
        ...

    def is_forgotten(self, user_id: str) -> bool: ...

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        """Those of the users who are forgotten: one question instead of one per user."""
        ...

    def generation(self) -> int:
        """Grows whenever events were deleted, so that builds made from them are seen as stale."""
        ...


class Keys(Protocol):
    """Keys of the service, and what was done with them."""

    def add_key(self, key: Key) -> None: ...

    def all_keys(self) -> list[Key]:
        """Every key, revoked ones too, the oldest first."""
        ...

    def revoke_key(self, key_id: str, moment: int) -> bool:
        """False where there is no such key, or it was revoked before."""
        ...

    def log(self, action: Action) -> None: ...

    def actions(self, most: int = 200) -> list[Action]:
        """The latest actions, the newest first."""
        ...


class Experiments(Protocol):
    """Which variants were tried, from when on."""

    def begin_experiment(self, experiment: Experiment) -> Experiment:
        """Keep it with the position and the moment, unless it is the one that runs already."""
        ...

    def experiments(self) -> list[Experiment]:
        """All of them, the latest first."""
        ...


class Store(Events, Videos, Users, Naming, Keys, Experiments, Protocol):
    """The database of one workspace."""

    @property
    def is_file(self) -> bool:
        """Whether it is read in this process, so that no question waits for another one."""
        ...

    def close(self) -> None: ...
