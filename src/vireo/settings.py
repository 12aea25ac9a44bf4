"""Section: the base of every room's settings. Frozen, typed, unknown keys are errors."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Size = Literal["small", "medium", "large"]


class Section(BaseModel):
    """One `[section]` of vireo.toml; the docstring under each field is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
