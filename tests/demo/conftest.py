"""One small generated world for all tests of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vireo.demo import World, make_world

VIDEOS, USERS = 24, 60


@dataclass(frozen=True)
class Made:
    world: World
    directory: Path
    truth: Path

    @property
    def videos(self) -> pl.DataFrame:
        return pl.read_csv(self.world.videos)

    @property
    def events(self) -> pl.DataFrame:
        return pl.read_csv(self.world.events)

    def again(self, directory: Path, **options: Any) -> World:
        """The same recipe in another directory."""
        return make_world(directory, videos=VIDEOS, users=USERS, **options)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    base = tmp_path_factory.mktemp("demo")
    directory, truth = base / "world", base / "truth.json"
    world = make_world(directory, videos=VIDEOS, users=USERS, truth=truth)
    return Made(world, directory, truth)
