"""Schemas about users: consent, preferences, attributes, exports, receipts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from vireo.server.schemas import SAID, TEXT, Id, In, Labels, Number, Out, Sentence
from vireo.store.base import UserAttributes
from vireo.store.validation import MAX_AGE, MAX_PREFERENCE_LENGTH, MAX_WORD


class ConsentIn(In):
    """Consent by purpose; omitted purposes stay unchanged."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    personal_lists: bool | None = None
    """Whether lists may be made from what the viewer did; null: as `[privacy] assumed` says."""
    research: bool | None = None
    """Whether what the viewer did may be counted in experiments and evaluations."""
    remote_models: bool | None = None
    """Whether the viewer's words may be read by a model on another machine."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name a purpose: personal_lists, research or remote_models")
        return self


class PreferenceIn(In):
    """A stated preference: "less horror", "more of this"."""

    text: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_PREFERENCE_LENGTH, pattern=SAID)
    ]
    video_id: Id | Literal[""] = ""
    """Video id that "this" refers to."""


class UserChange(In):
    """Parts of what a viewer chose; what is left out stays, null removes."""

    query: Sentence | None = None
    """A sentence that steers every list, in plain words."""
    consent: ConsentIn | None = None
    add_preferences: Annotated[list[PreferenceIn], Field(max_length=20)] = Field(
        default_factory=list
    )
    remove_preferences: Annotated[list[Number], Field(max_length=20)] = Field(default_factory=list)


class UserAttributesIn(In):
    """Attributes from other systems: rules use them, training does not."""

    age: Annotated[float, Field(ge=0, le=MAX_AGE)] | None = None
    """In years."""
    region: Annotated[str, StringConstraints(max_length=MAX_WORD, pattern=TEXT)] = ""
    languages: Labels = Field(default_factory=list)
    groups: Labels = Field(default_factory=list)
    """For rights of access."""

    def attributes(self, user_id: str) -> UserAttributes:
        languages, groups = tuple(self.languages), tuple(self.groups)
        return UserAttributes(user_id, self.age, self.region, languages, groups)


class PreferenceOut(Out):
    """A preference with its number, for removal."""

    number: int
    text: str
    video_id: str
    at: int


class ChoicesOut(Out):
    """Choices and preferences of a user."""

    query: str = ""
    consent: ConsentIn | None = None
    preferences: list[PreferenceOut] = Field(default_factory=list)


class UserOut(Out):
    """Everything that is held about a viewer."""

    user_id: str
    forgotten: bool
    attributes: dict[str, Any]
    choices: dict[str, Any]
    preferences: list[PreferenceOut]
    live_events: list[dict[str, Any]]
    events: list[dict[str, Any]]
    comments: list[dict[str, Any]]


class ReceiptOut(Out):
    """Removed data, and data that the next build removes."""

    live_events: int
    source_rows: int
    preferences: int
    choices: int
    attributes: int
    keys: int
    artifacts_pending: int
    sources_pending: bool
    artifacts_removed: int
