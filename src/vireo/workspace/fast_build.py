"""Settings of a fast build: without slow experts."""

from __future__ import annotations

from vireo.config import Config
from vireo.interest.registry import EXPERTS


def without_slow_experts(config: Config) -> Config:
    """Config without experts whose class sets `slow`; unchanged if no expert would be left."""
    chosen = config.interest.experts
    fast = tuple(name for name in chosen if not getattr(EXPERTS.get(name), "slow", False))
    interest = config.interest.model_copy(update={"experts": fast or chosen})
    return config.model_copy(update={"interest": interest})
