"""Which systems run on which splits, with which settings, and who published those settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from vireo.errors import ConfigError, UnknownPart

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).parent / "systems"


@dataclass(frozen=True)
class System:
    """One [[system]] of a *.toml file."""

    name: str
    """Key of its row. Vireo's own begin with `vireo`."""
    adapter: str
    """A script, relative to the root of the repository, or a module of the bench."""
    splits: tuple[str, ...]
    """Names of splits, or patterns such as `ml-1m--*`."""
    source: str
    """Where the settings come from."""
    env: str = ""
    """The environment in WORK/envs that runs it (bench/peers/ENV.txt); empty: this one."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    budget_seconds: float = 3600.0
    most_mb: float = 12_000.0
    """Resident memory at which it is stopped."""
    quick: bool = False
    """Whether `make bench-quick` runs it."""
    quick_settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that replace some for quick runs."""
    seed: int = 0
    """Added to the bench's seed: the same system once more, to see what chance does."""

    def runs_on(self, split: str) -> bool:
        return any(fnmatchcase(split, pattern) for pattern in self.splits)


def systems(folder: Path = FOLDER) -> tuple[System, ...]:
    """All systems of all files, in the order of the files' names and of their tables.

    Raises ConfigError that names the file and what is wrong in it.
    """
    found: list[System] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))["system"]
            found += [System(**_frozen(table)) for table in tables]
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path.name}: {error}", "See bench/system_registry.py for the keys."
            ) from None
    return tuple(found)


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if key == "splits" else value for key, value in table.items()}


def chosen(split: str, names: Sequence[str] = (), folder: Path = FOLDER) -> list[System]:
    """The systems of a split, or those of them that are named (patterns allowed).

    Raises UnknownPart for a name that no system of the split has.
    """
    here = [system for system in systems(folder) if system.runs_on(split)]
    for name in names:
        if not any(fnmatchcase(system.name, name) for system in here):
            known = ", ".join(system.name for system in here)
            raise UnknownPart(f"No system '{name}' runs on {split}.", f"Choose from: {known}.")
    if not names:
        return here
    return [s for s in here if any(fnmatchcase(s.name, name) for name in names)]
