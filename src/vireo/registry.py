"""Registry of parts by name. A part is imported when it is chosen.

Other packages add parts through the entry-point group `vireo.<group>`:

    [project.entry-points."vireo.encoders"]
    mine = "my_package.encoder:MyEncoder"
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from vireo.errors import UnknownPart


def load_object(target: str) -> Any:
    """Import `"package.module:name"` and return the object."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


class Registry:
    """Parts of one group: built-in ones first, then entry points."""

    def __init__(self, group: str, parts: Mapping[str, str]) -> None:
        self.group = group
        self._parts = dict(parts)

    def names(self) -> list[str]:
        """All names, built-in parts first."""
        outside = sorted(point.name for point in self._outside())
        return [*self._parts, *(name for name in outside if name not in self._parts)]

    def get(self, name: str) -> Any:
        """Part by name; UnknownPart suggests the nearest name."""
        if name in self._parts:
            return load_object(self._parts[name])
        for point in self._outside():
            if point.name == name:
                return point.load()
        near = get_close_matches(name, self.names(), n=1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise UnknownPart(
            f"There is no '{name}' among the {self.group}.{meant}",
            f"Choose one of: {', '.join(self.names())}.",
        )

    def _outside(self) -> Any:
        return entry_points(group=f"vireo.{self.group}")
