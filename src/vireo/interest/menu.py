"""The menu of experts."""

from vireo.registry import Registry

EXPERTS = Registry(
    "experts",
    {
        "popularity": "vireo.interest.popularity:Popularity",
        "recent": "vireo.interest.popularity:RecentPopularity",
        "ease": "vireo.interest.ease:Ease",
        "ease-recent": "vireo.interest.ease:EaseRecent",
        "ease-text": "vireo.interest.ease:EaseText",
        "next": "vireo.interest.following:Next",
        "sequence": "vireo.interest.sequence.expert:Sequence",
        "transitions": "vireo.interest.neighbours:Transitions",
        "together": "vireo.interest.neighbours:Together",
        "knn": "vireo.interest.neighbours:Neighbours",
        "again": "vireo.interest.again:Again",
        "factors": "vireo.interest.factors:Factors",
        "content": "vireo.interest.content:Content",
    },
)
