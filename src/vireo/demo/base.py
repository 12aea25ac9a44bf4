"""World (files), Film and DemoUser (known to the generator only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vireo.arrays import Doubles

START = datetime(2026, 4, 1, tzinfo=UTC)
END = datetime(2026, 6, 30, tzinfo=UTC)
"""Fixed dates: the files do not depend on the day of generation."""
DAYS = (END - START).days


@dataclass(frozen=True)
class World:
    """Paths of a generated world, and user ids for examples."""

    videos: Path
    """videos.csv"""
    events: Path
    """events.csv"""
    three_users: tuple[str, str, str]
    """Two users with disjoint tastes, and one without events."""
    new_videos: tuple[str, ...]
    """Videos without any event."""


@dataclass(frozen=True)
class Film:
    """One video as the generator plans it. `topic`, `appeal` and `born` reach no table."""

    video_id: str
    topic: str
    seconds: float
    title: str
    description: str
    tags: tuple[str, ...]
    creator: str
    dialogue: tuple[str, ...]
    sidecar: bool
    """Subtitles beside the file (.srt) instead of inside it."""
    born: float
    """Days after START at which it was published; negative for older ones."""
    appeal: float
    """Popularity among users of every taste."""
    fresh: bool
    """Published at the very end: no events."""
    seed: tuple[int, int]

    @property
    def path(self) -> str:
        """Relative to the world's directory."""
        return f"clips/{self.video_id}.mp4"

    @property
    def subtitles(self) -> str:
        """Sidecar file relative to the world's directory, or empty."""
        return f"clips/{self.video_id}.srt" if self.sidecar and self.dialogue else ""


@dataclass(frozen=True)
class DemoUser:
    """User with drifting tastes, activity and hour of the day."""

    user_id: str
    tastes: tuple[Mapping[str, float], Mapping[str, float]]
    """Share of interest per topic on the first day and on the last day."""
    views: int
    hour: float
    """The hour of the day around which they watch."""
    talkative: float
    """Propensity to like, share and comment, 0..1."""

    def taste(self, topic: str, day: float) -> float:
        """Interest in a topic on a day, 0..1."""
        share = min(max(day / DAYS, 0.0), 1.0)
        first, last = (tastes.get(topic, 0.0) for tastes in self.tastes)
        return first + (last - first) * share


@dataclass(frozen=True)
class Event:
    """One row of events.csv, still with a real time."""

    user_id: str
    video_id: str
    event: str
    day: float
    watch_seconds: float | None = None
    text: str = ""


def normalized(weights: Doubles) -> Doubles:
    """Weights that sum to 1."""
    shares: Doubles = weights / weights.sum()
    return shares
