"""Section: the base of every room's settings. Frozen, typed, unknown keys are errors."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

Size = Literal["small", "medium", "large"]


class Section(BaseModel):
    """One `[section]` of vireo.toml; the docstring under each field is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    outside_recipe: ClassVar[frozenset[str]] = frozenset()
    """Settings that change no artefact: how long to wait, what may be spent, where a key lies."""

    def recipe(self) -> dict[str, Any]:
        """What an artefact's identity is made of: all settings but `outside_recipe`."""
        return self.model_dump(mode="json", exclude=set(self.outside_recipe))
