"""Presets: settings for four kinds of platform, to start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vireo.config import Config
from vireo.errors import InputError

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # A video site: fresh and trending videos, many creators, a quota of new videos.
    "platform": {
        "behavior": {"half_life_days": 30.0},
        "interest": {"recent_days": 3.0},
        "recommend": {
            "creator_cap": 2,
            "freshness_boost": 0.3,
            "freshness_half_life_days": 7.0,
            "exploration_rate": 0.05,
            "calibration": 0.3,
        },
    },
    # Courses: in order, one level at a time; unfinished videos may return.
    "courses": {
        "recommend": {
            "continue_below": 0.9,
            "series_share": 0.4,
            "exploration_rate": 0.0,
            "relaxable_rules": ["language", "level"],
            "rules": [
                "seen", "language", "prerequisites", "level", "impression-discount", "diversity",
                "series", "new-video-quota", "pinned", "required",
            ],
        },
    },
    # Live channels: only who is live at the moment of asking; visits repeat.
    "live": {
        "interest": {
            "allow_repeats": True,
            "experts": [
                "popularity", "recent-popularity", "trend", "ease", "ease-recent", "ease-text",
                "next-item", "sequence", "transitions", "cooccurrence", "item-knn", "repeat", "als",
                "content",
            ],
        },
        "recommend": {
            "allow_repeats": True,
            "impression_discount": 0.1,
            "rules": [
                "seen", "language", "live", "impression-discount", "diversity", "creator-cap",
                "new-video-quota", "exploration", "pinned", "required",
            ],
        },
    },
    # Recordings of meetings: closed unless a group may open them; series go on.
    "meetings": {
        "recommend": {
            "series_share": 0.3,
            "freshness_boost": 0.5,
            "audience": {"deny_by_default": True},
            "rules": [
                "seen", "language", "impression-discount", "freshness", "diversity", "series",
                "new-video-quota", "pinned", "required",
            ],
        },
    },
}  # fmt: skip
"""Settings by preset that differ from the defaults; reasons in docs/presets.md."""


def preset_config(name: str) -> Config:
    """Config of a preset; raises InputError for an unknown name."""
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'.", f"Choose one of: {', '.join(PRESETS)}.")
    return Config.of(PRESETS[name])
