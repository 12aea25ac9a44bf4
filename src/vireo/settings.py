"""Base class of config sections: frozen, typed, unknown keys are errors."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

Size = Literal["small", "medium", "large"]


class Section(BaseModel):
    """One `[section]` of vireo.toml; the docstring under each field is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    outside_recipe: ClassVar[frozenset[str]] = frozenset()
    """Settings without effect on artifacts: timeouts, budgets, names of key variables."""

    def recipe(self) -> dict[str, Any]:
        """Settings that enter an artifact's id: all but `outside_recipe`."""
        return self.model_dump(mode="json", exclude=set(self.outside_recipe))
