"""Old names of settings and parts, for errors that give the new name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vireo.errors import ConfigError

_SEQUENCE = {
    "length": "max_length",
    "time": "time_aware",
    "rate": "learning_rate",
    "tokens": "batch_tokens",
    "negatives": "n_negatives",
    "least_steps": "min_steps",
    "most_steps": "max_steps",
    "handover": "content_prior_users",
    "gated": "attention_gate",
    "processes": "n_processes",
}
_RECOMMEND = {
    "like_weight": "query_weight",
    "edit_weight": "preference_weight",
    "new_share": "new_video_quota",
    "next_share": "series_share",
    "unfinished": "continue_below",
    "impression_fade": "impression_discount",
    "freshness": "freshness_boost",
    "fresh_days": "freshness_half_life_days",
    "explore_share": "exploration_rate",
    "relax": "relaxable_rules",
    "repeats": "allow_repeats",
    "profile_events": "profile_min_events",
    "written_profiles": "llm_profiles",
    "taste": "text_preference",
}
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "video": {
        "ear": "audio_encoder",
        "looks": "crops",
        "rate": "fps",
        "exact": "exact_frames",
        "fetch": "max_download_mb",
        "memory": "memory_limit_mb",
        "timeout": "timeout_seconds",
        "words": "text",
    },
    "video.text": {
        "speech": "asr",
        "screen": "ocr",
        "minutes": "max_minutes",
        "frames": "ocr_frames",
        "timeout": "timeout_seconds",
        "key_variable": "api_key_env",
    },
    "pretraining": {
        "accumulate": "gradient_accumulation",
        "mask_share": "mask_rate",
        "behavior": "include_histories",
    },
    "understanding": {"word_weight": "lexical_weight"},
    "interest": {
        "repeats": "allow_repeats",
        "new_share": "cold_item_share",
        "factors": "als",
        "next": "next_item",
    },
    "interest.ease": {"regularisation": "regularization", "text": "content_weight"},
    "interest.trend": {"regularisation": "regularization"},
    "interest.als": {
        "regularisation": "regularization",
        "frequency": "frequency_scaling",
        "dimension": "embedding_size",
    },
    "interest.next_item": {
        "regularisation": "regularization",
        "spans": "decay_lengths",
        "max_megabytes": "max_memory_mb",
    },
    "interest.sequence": _SEQUENCE,
    "interest.sequence_content": {"bound": "max_id_norm", "hidden": "id_dropout"},
    "recommend": _RECOMMEND,
    "recommend.index": {
        "exact_until": "exact_max_videos",
        "score_all_until": "full_scoring_max_videos",
        "recall": "target_recall",
    },
    "recommend.reranker": {"history_at_most": "max_history", "seconds": "timeout_seconds"},
    "recommend.audience": {
        "assumed_age": "default_user_age",
        "unrated_age": "default_age_rating",
        "closed": "deny_by_default",
    },
    "language": {
        "most_chunks": "max_chunks",
        "key_variable": "api_key_env",
        "timeout": "timeout_seconds",
    },
    "language.generation": {
        "key_variable": "api_key_env",
        "timeout": "timeout_seconds",
        "may_send": "allowed_data",
        "structured": "response_format",
        "answer_tokens": "max_output_tokens",
        "input_tokens": "max_input_tokens",
        "most_tokens": "max_total_tokens",
        "most_cost": "max_cost",
        "price_in": "input_price",
        "price_out": "output_price",
        "attempt": "cache_version",
    },
    "server": {
        "line": "max_queued_lists",
        "max_waiting": "max_in_flight",
        "hosts": "allowed_hosts",
        "media": "media_roots",
        "cached_lists": "list_cache_size",
        "trend_hours": "trending_window_hours",
        "rebuild_minutes": "rebuild_interval_minutes",
    },
    "privacy": {"assumed": "default_consent", "min_people": "min_group_size"},
}
"""New key by section (its new name) and old key."""
PARTS: Mapping[str, Mapping[str, str]] = {
    "interest.experts": {
        "again": "repeat",
        "together": "cooccurrence",
        "next": "next-item",
        "next-content": "next-item-content",
        "knn": "item-knn",
        "factors": "als",
        "recent": "recent-popularity",
    },
    "recommend.rules": {
        "needs": "prerequisites",
        "window": "availability",
        "rights": "access",
        "blocks": "blocklist",
        "creators": "creator-cap",
        "new-videos": "new-video-quota",
        "fresh": "freshness",
        "explore": "exploration",
        "impressions": "impression-discount",
    },
    "recommend.relaxable_rules": {"needs": "prerequisites"},
}
"""New entry by list setting and old entry."""


def without_renamed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without empty tables of old names.

    Raises ConfigError that lists all old names in use, with the new ones.
    """
    found: list[tuple[str, str]] = []
    kept = _kept(settings, "", "", found)
    if found:
        lines = "; ".join(f"'{old}' is now '{new}'" for old, new in found)
        raise ConfigError(f"Settings were renamed: {lines}.", "Write the new names in vireo.toml.")
    return kept


def _kept(
    table: Mapping[str, Any], section: str, written: str, found: list[tuple[str, str]]
) -> dict[str, Any]:
    """Check one table; `section` is its new dotted name, `written` the one in the file."""
    kept: dict[str, Any] = {}
    for key, value in table.items():
        new = SETTINGS.get(_like(section), {}).get(key, key)
        old_name, new_name = _dotted(written, key), _dotted(section, new)
        if isinstance(value, Mapping):
            inner = _kept(value, new_name, old_name, found)
            if new == key:
                kept[key] = inner
            elif inner:
                found.append((old_name, new_name))
        elif new != key:
            found.append((old_name, new_name))
        else:
            kept[key] = value
            found += list(_entries(new_name, value))
    return kept


def _entries(name: str, value: Any) -> Iterator[tuple[str, str]]:
    renamed = PARTS.get(_like(name), {})
    if isinstance(value, list | tuple):
        yield from ((str(one), renamed[one]) for one in value if one in renamed)


def _like(section: str) -> str:
    """Section whose keys apply: variants of the server hold settings of `recommend`."""
    if section.startswith("server.variants."):
        return ".".join(["recommend", *section.split(".")[3:]])
    return section


def _dotted(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key
