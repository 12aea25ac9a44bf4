"""Presets: settings for four kinds of platform, to start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vireo.config import Config
from vireo.errors import InputError

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # A video site: what is fresh and trends, creators side by side, room for new videos.
    "platform": {
        "behavior": {"half_life_days": 30.0},
        "interest": {"recent_days": 3.0},
        "recommend": {
            "creator_cap": 2,
            "freshness": 0.3,
            "fresh_days": 7.0,
            "explore_share": 0.05,
            "calibration": 0.3,
        },
    },
    # Courses: in order, one level at a time; what was left half-done may be finished.
    "courses": {
        "recommend": {
            "unfinished": 0.9,
            "next_share": 0.4,
            "explore_share": 0.0,
            "relax": ["language", "level"],
            "rules": [
                "seen", "language", "needs", "level", "impressions", "diversity", "series",
                "new-videos", "pinned", "required",
            ],
        },
    },
    # Live channels: only who is live at the moment of asking; visits repeat.
    "live": {
        "interest": {
            "repeats": True,
            "experts": [
                "popularity", "recent", "trend", "ease", "ease-recent", "ease-text", "next",
                "sequence", "transitions", "together", "knn", "again", "factors", "content",
            ],
        },
        "recommend": {
            "repeats": True,
            "impression_fade": 0.1,
            "rules": [
                "seen", "language", "live", "impressions", "diversity", "creators", "new-videos",
                "explore", "pinned", "required",
            ],
        },
    },
    # Recordings of meetings: closed unless a group may open them; series go on.
    "meetings": {
        "recommend": {
            "next_share": 0.3,
            "freshness": 0.5,
            "audience": {"closed": True},
            "rules": [
                "seen", "language", "impressions", "fresh", "diversity", "series", "new-videos",
                "pinned", "required",
            ],
        },
    },
}  # fmt: skip
"""Name -> the settings that differ from the defaults; docs/presets.md says why."""


def preset_config(name: str) -> Config:
    """The config of a preset; raises InputError for one that there is not."""
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'.", f"Choose one of: {', '.join(PRESETS)}.")
    return Config.of(PRESETS[name])
