"""The menus of the recommend room. A part is a class that takes `Shelves` and is a Step."""

from vireo.registry import Registry

RETRIEVERS = Registry(
    "retrievers",
    {
        "experts": "vireo.recommend.retrieve.experts:Experts",
        "popular": "vireo.recommend.retrieve.popular:Popular",
        "like": "vireo.recommend.retrieve.like:Like",
    },
)
RANKERS = Registry("rankers", {"sum": "vireo.recommend.rank.total:Total"})
RULES = Registry(
    "rules",
    {
        "seen": "vireo.recommend.rules.seen:Seen",
        "diversity": "vireo.recommend.rules.diversity:Diversity",
        "new-videos": "vireo.recommend.rules.new_videos:NewVideos",
    },
)
EXPLAINERS = Registry("explainers", {"facts": "vireo.recommend.explain.facts:Facts"})
