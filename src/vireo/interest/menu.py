"""The menu of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vireo.registry import Registry

if TYPE_CHECKING:
    from vireo.config import Config

EXPERTS = Registry(
    "experts",
    {
        "popularity": "vireo.interest.popularity:Popularity",
        "recent": "vireo.interest.popularity:RecentPopularity",
        "trend": "vireo.interest.trend:Trend",
        "ease": "vireo.interest.ease:Ease",
        "ease-recent": "vireo.interest.ease:EaseRecent",
        "ease-text": "vireo.interest.ease:EaseText",
        "next": "vireo.interest.following:Next",
        "next-content": "vireo.interest.following_content:NextContent",
        "sequence": "vireo.interest.sequence.expert:Sequence",
        "sequence-content": "vireo.interest.sequence.by_content:SequenceContent",
        "transitions": "vireo.interest.neighbours:Transitions",
        "together": "vireo.interest.neighbours:Together",
        "knn": "vireo.interest.neighbours:Neighbours",
        "again": "vireo.interest.again:Again",
        "factors": "vireo.interest.factors:Factors",
        "content": "vireo.interest.content:Content",
    },
)


def without_slow(config: Config) -> Config:
    """The same without the experts that say `slow = True`: those that train for many minutes.

    The same config where no other expert would be left.
    """
    chosen = config.interest.experts
    fast = tuple(name for name in chosen if not getattr(EXPERTS.get(name), "slow", False))
    interest = config.interest.model_copy(update={"experts": fast or chosen})
    return config.model_copy(update={"interest": interest})
