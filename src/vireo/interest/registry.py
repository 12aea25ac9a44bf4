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
        "next": "vireo.interest.next_item:Next",
        "next-content": "vireo.interest.next_item_content:NextContent",
        "sequence": "vireo.interest.sequence.expert:Sequence",
        "sequence-content": "vireo.interest.sequence.content_expert:SequenceContent",
        "transitions": "vireo.interest.cooccurrence:Transitions",
        "together": "vireo.interest.cooccurrence:Together",
        "knn": "vireo.interest.cooccurrence:Neighbours",
        "again": "vireo.interest.repeat_consumption:Again",
        "factors": "vireo.interest.matrix_factorization:Factors",
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
