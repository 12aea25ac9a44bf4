"""The settings of privacy, and what viewers consent to, purpose by purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from vireo.settings import Section

Purpose = Literal["personal_lists", "research", "remote_models"]
"""Lists made from what the viewer did; evaluations and experiments; models on other machines."""


class PrivacySection(Section):
    """`[privacy]`: what is shown of few, and what silence means."""

    min_people: Annotated[int, Field(ge=1)] = 5
    """Counts of people are shown from this many on: smaller groups could be recognised."""
    assumed: tuple[Purpose, ...] = ("personal_lists", "research")
    """Purposes to which viewers are taken to consent until they say something else."""


def consents(choices: Mapping[str, Any], purpose: Purpose, section: PrivacySection) -> bool:
    """Whether a viewer who chose this consents to the purpose."""
    said = choices.get("consent", {}).get(purpose)
    return purpose in section.assumed if said is None else bool(said)
