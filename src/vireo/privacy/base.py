"""The settings of privacy, and what viewers consent to, purpose by purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import Field

from vireo.settings import Section
from vireo.store.base import Store

Purpose = Literal["personal_lists", "research", "remote_models"]
"""Lists made from what the viewer did; evaluations and experiments; models on other machines."""


class PrivacySection(Section):
    """`[privacy]`: what is shown of few, and what silence means."""

    min_group_size: Annotated[int, Field(ge=1)] = 5
    """Counts of people are shown from this many on: smaller groups could be recognized."""
    default_consent: tuple[Purpose, ...] = ("personal_lists", "research")
    """Purposes to which viewers are taken to consent until they say something else."""
    pseudonyms: bool = False
    """Keep viewers under keyed hashes of their ids: no file and no table holds an id. To be set
    before the first table is ingested, and to be kept."""
    key_file: str = ""
    """Where the key of the hashes lies; empty: `pseudonyms.key` in the workspace. Keep a copy:
    without it no history can be found again."""


@dataclass(frozen=True)
class Consent:
    """Users who consent to a purpose: `"ana" in consent`."""

    said: Mapping[str, bool]
    """Viewer -> yes or no."""
    assumed: bool
    """Consent of users without a stated choice."""

    def __contains__(self, user_id: object) -> bool:
        return self.said.get(str(user_id), self.assumed)

    @property
    def default_for_all(self) -> bool:
        """Whether all users consent."""
        return self.assumed and all(self.said.values())

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of a table with `user_id` whose users consent; rows without a user stay."""
        if self.default_for_all:
            return frame
        unlike = [user for user, yes in self.said.items() if yes != self.assumed]
        other = pl.col("user_id").is_in(unlike)
        return frame.filter(pl.col("user_id").is_null() | (~other if self.assumed else other))


def consent_to(purpose: Purpose, store: Store, section: PrivacySection) -> Consent:
    """Stated choices of all users for a purpose, in one query."""
    return Consent(store.consent_answers(purpose), purpose in section.default_consent)


def consents(choices: Mapping[str, Any], purpose: Purpose, section: PrivacySection) -> bool:
    """Whether a viewer who chose this consents to the purpose."""
    said = choices.get("consent", {}).get(purpose)
    return purpose in section.default_consent if said is None else bool(said)
