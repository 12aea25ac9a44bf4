"""Registry: a menu of parts by name. A part is imported only when it is chosen.

Outside packages add parts through the entry-point group `vireo.<menu>`:

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
    """name -> "module:object", looked up in the built-in menu first, then in entry points."""

    def __init__(self, menu: str, parts: Mapping[str, str]) -> None:
        self.menu = menu
        self._parts = dict(parts)

    def names(self) -> list[str]:
        """Every name on the menu, built-in parts first."""
        outside = sorted(point.name for point in self._outside())
        return [*self._parts, *(name for name in outside if name not in self._parts)]

    def get(self, name: str) -> Any:
        """The part called `name`; raises UnknownPart with the nearest names."""
        if name in self._parts:
            return load_object(self._parts[name])
        for point in self._outside():
            if point.name == name:
                return point.load()
        near = get_close_matches(name, self.names(), n=1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise UnknownPart(
            f"There is no '{name}' among the {self.menu}.{meant}",
            f"Choose one of: {', '.join(self.names())}.",
        )

    def _outside(self) -> Any:
        return entry_points(group=f"vireo.{self.menu}")
