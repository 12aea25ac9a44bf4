"""Test kit of plug-in authors: `tiny_world` with known right lists, and contract suites.

A part inherits the suite of its seam: `class TestMine(EngineContract)`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vireo.registry import load_object

if TYPE_CHECKING:
    from vireo.engine.contract import EngineContract as EngineContract
    from vireo.interest.contract import ExpertContract as ExpertContract
    from vireo.language.contract import LanguageModelContract as LanguageModelContract
    from vireo.recommend.contract import StepContract as StepContract
    from vireo.store.contract import StoreContract as StoreContract
    from vireo.video.encoders.contract import FrameEncoderContract as FrameEncoderContract

CONTRACTS = {
    "EngineContract": "vireo.engine.contract:EngineContract",
    "StoreContract": "vireo.store.contract:StoreContract",
    "FrameEncoderContract": "vireo.video.encoders.contract:FrameEncoderContract",
    "LanguageModelContract": "vireo.language.contract:LanguageModelContract",
    "StepContract": "vireo.recommend.contract:StepContract",
    **{
        name: f"vireo.interest.contract:{name}"
        for name in (
            "ExpertContract",
            "DotProductContract",
            "SparseScoresContract",
            "SubsetScoresContract",
            "ContributionsContract",
            "WarmStartContract",
            "UnlearningContract",
        )
    },
}
"""Loaded on first use: `from vireo.testing import EngineContract`."""

COOKING = """\
Tomato Soup from the Oven|Roasted tomatoes, garlic and basil make a thick soup for a cold evening.
Fresh Pasta by Hand|Flour, eggs and a rolling pin: how to make pasta dough in your kitchen.
The Perfect Omelette|Three eggs, butter and one minute in a hot pan.
Sourdough Bread for Beginners|Feeding the starter, folding the dough and baking a loaf with a crust.
Vegetable Curry in One Pot|A mild curry with chickpeas, coconut milk and toasted spices.
Knife Skills: onions and herbs|How a cook chops onions, garlic and parsley quickly and safely.
Apple Pie with a Lattice|A buttery crust, sour apples and cinnamon, baked until golden.
Risotto Without Fear|Stirring, tasting and adding broth: a creamy risotto with mushrooms.
Roast Chicken and Gravy|A whole chicken from the oven, crisp skin, potatoes and a rich sauce.
Quick Pickles for Every Meal|Vinegar, sugar and salt turn cucumbers into pickles in an hour.
Dumplings with My Aunt|Filling, folding and steaming dumplings, a family recipe.
Chocolate Cake in a Mug|Five ingredients, a spoon and two minutes: the fastest dessert to bake.
"""
SAILING = """\
Crossing the Bay Under Sail|A small sailing boat, a steady wind and nine miles of open sea.
How to Tie a Bowline|The knot that every sailor needs on board, shown slowly with a rope.
Storm at Cape Point|Waves higher than the mast: a yacht fights its way around the cape.
Harbour Manoeuvres|Docking a sailing boat in a narrow harbour with wind from the side.
Reading Wind and Tide|How sailors read the water, the clouds and the tide before they set sail.
Night Watch on the Atlantic|Stars, dark waves and four hours alone at the helm of a yacht.
Trimming the Mainsail|Sheet, traveller and halyard: small changes that make the boat faster.
Dolphins at the Bow|A school of dolphins plays in the bow wave of our boat off the coast.
The Old Lighthouse Channel|Navigation between rocks and buoys into an island anchorage.
Man Overboard Drill|How a crew turns the yacht and picks up a swimmer from the sea.
Dinghy Racing on Sunday|Twenty small boats, one starting line and a gusty wind at the regatta.
Anchoring for the Night|Finding good ground, letting out chain and sleeping in a quiet bay.
"""
FIRST_COOKING, FIRST_SAILING = 1031, 1051
PER_TASTE, USERS_PER_TASTE = 12, 20
WATCHED_BEFORE, WATCHED_AFTER = 5, 2
JANUARY, MARCH = datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class TinyWorld:
    """Users of two tastes. `new_cooking` and `new_sailing` have no events."""

    videos: Path
    """video_data.csv"""
    events: Path
    """user_data.csv: January to April 2026, both sides of 2026-03-01 for every viewer"""
    cooks: tuple[str, ...]
    """User ids; "ana" is the first."""
    sailors: tuple[str, ...]
    cooking: tuple[str, ...]
    """Video ids, the new one included."""
    sailing: tuple[str, ...]
    new_cooking: str = f"v-{FIRST_COOKING + PER_TASTE - 1}"
    new_sailing: str = f"v-{FIRST_SAILING + PER_TASTE - 1}"
    new_user: str = "nina"
    """A user without events."""


def tiny_world(directory: Path, seed: int = 0) -> TinyWorld:
    """Write two tables, no video files: 12 cooking videos, 12 about sailing, 40 viewers.

    Every cook has watched 7 of the 11 older cooking videos to the end and has left one sailing
    video after a moment; sailors the other way round. So the right list of a cook is known: the
    4 remaining cooking videos and the new one, "v-1042". Takes a few hundredths of a second.
    """
    directory.mkdir(parents=True, exist_ok=True)
    world = TinyWorld(
        directory / "video_data.csv",
        directory / "user_data.csv",
        cooks=("ana", *(f"cook-{n:02d}" for n in range(2, USERS_PER_TASTE + 1))),
        sailors=("sam", *(f"sailor-{n:02d}" for n in range(2, USERS_PER_TASTE + 1))),
        cooking=tuple(f"v-{FIRST_COOKING + n}" for n in range(PER_TASTE)),
        sailing=tuple(f"v-{FIRST_SAILING + n}" for n in range(PER_TASTE)),
    )
    videos = [*_videos(world.cooking, COOKING), *_videos(world.sailing, SAILING)]
    _write(world.videos, ["video_id", "title", "description", "duration"], videos)
    rng = np.random.default_rng(seed)
    events = [
        *_events(rng, world.cooks, world.cooking, world.sailing),
        *_events(rng, world.sailors, world.sailing, world.cooking),
    ]
    columns = ["user_id", "video_id", "event", "timestamp", "watch_seconds"]
    _write(
        world.events, columns, sorted(events, key=lambda row: (row[3], row[0], row[2] != "view"))
    )
    return world


def _videos(ids: Sequence[str], texts: str) -> Iterator[tuple[str, ...]]:
    for n, (video_id, line) in enumerate(zip(ids, texts.splitlines(), strict=True)):
        title, about = line.split("|")
        yield video_id, title, about, str(180 + 30 * n)


def _events(
    rng: np.random.Generator, users: Sequence[str], own: Sequence[str], other: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Viewers take turns around the older videos, so that each of those is watched equally."""
    circle = rng.permutation(PER_TASTE - 1).tolist()
    for n, user in enumerate(users):
        early = np.sort(rng.uniform(0, 50, WATCHED_BEFORE)).tolist()
        late = np.sort(rng.uniform(0, 50, WATCHED_AFTER)).tolist()
        moments = [JANUARY + timedelta(days=day) for day in early]
        moments += [MARCH + timedelta(days=day) for day in late]
        for step, moment in enumerate(moments):
            place = circle[(n + step) % len(circle)]
            seconds = (180 + 30 * place) * rng.uniform(0.8, 1.0)
            yield user, own[place], "view", _stamp(moment), f"{seconds:.0f}"
            if step % 2 == 0:
                yield user, own[place], "like", _stamp(moment), ""
        place = int(rng.integers(PER_TASTE - 1))
        yield user, other[place], "view", _stamp(moments[2] + timedelta(hours=1)), "4"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def __getattr__(name: str) -> Any:
    if name in CONTRACTS:
        return load_object(CONTRACTS[name])
    raise AttributeError(f"module 'vireo.testing' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *CONTRACTS])
