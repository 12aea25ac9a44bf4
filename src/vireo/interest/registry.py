"""Registry of experts."""

from __future__ import annotations

from vireo.registry import Registry

EXPERTS = Registry(
    "experts",
    {
        "popularity": "vireo.interest.popularity:Popularity",
        "recent-popularity": "vireo.interest.popularity:RecentPopularity",
        "trend": "vireo.interest.trend:Trend",
        "ease": "vireo.interest.ease:Ease",
        "ease-recent": "vireo.interest.ease:EaseRecent",
        "ease-text": "vireo.interest.ease:EaseText",
        "next-item": "vireo.interest.next_item:NextItem",
        "next-item-content": "vireo.interest.next_item_content:NextItemContent",
        "sequence": "vireo.interest.sequence.expert:Sequence",
        "sequence-content": "vireo.interest.sequence.content_expert:SequenceContent",
        "transitions": "vireo.interest.cooccurrence:Transitions",
        "cooccurrence": "vireo.interest.cooccurrence:SessionCooccurrence",
        "item-knn": "vireo.interest.cooccurrence:ItemKnn",
        "repeat": "vireo.interest.repeat_consumption:RepeatConsumption",
        "als": "vireo.interest.als:ImplicitMF",
        "content": "vireo.interest.content:Content",
    },
)
