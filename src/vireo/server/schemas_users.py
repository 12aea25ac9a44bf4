"""What goes in and out of the API about viewers: consent, wishes, facts, downloads, receipts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from vireo.server.schemas import SAID, TEXT, Id, In, Labels, Number, Out, Sentence
from vireo.store.base import UserAttributes
from vireo.store.validation import MOST_AGE, MOST_WISH, MOST_WORD


class ConsentIn(In):
    """What the viewer allows, by purpose; a purpose that is left out stays as it was."""

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
    """What a viewer wants more or less of: "less horror", "more of this"."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MOST_WISH, pattern=SAID)]
    video_id: Id | Literal[""] = ""
    """What "this" means."""


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
    """What is known of a viewer outside: lists obey it, nothing is trained on it."""

    age: Annotated[float, Field(ge=0, le=MOST_AGE)] | None = None
    """In years."""
    region: Annotated[str, StringConstraints(max_length=MOST_WORD, pattern=TEXT)] = ""
    languages: Labels = Field(default_factory=list)
    groups: Labels = Field(default_factory=list)
    """For rights of access."""

    def attributes(self, user_id: str) -> UserAttributes:
        languages, groups = tuple(self.languages), tuple(self.groups)
        return UserAttributes(user_id, self.age, self.region, languages, groups)


class PreferenceOut(Out):
    """One wish, and the number by which it is taken back."""

    number: int
    text: str
    video_id: str
    at: int


class ChoicesOut(Out):
    """What a viewer chose and wishes."""

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
    """What was removed, and what the next build will remove."""

    live_events: int
    source_rows: int
    preferences: int
    choices: int
    attributes: int
    keys: int
    artifacts_pending: int
    sources_pending: bool
    artifacts_removed: int
