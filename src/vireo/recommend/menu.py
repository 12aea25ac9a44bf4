"""The menus of the recommend room. A part is a class that takes `Shelves` and is a Step."""

from vireo.registry import Registry

RETRIEVERS = Registry(
    "retrievers",
    {
        "creators": "vireo.recommend.retrieve.creators:SameCreator",
        "wishes": "vireo.recommend.retrieve.wishes:Wishes",
        "experts": "vireo.recommend.retrieve.experts:Experts",
        "popular": "vireo.recommend.retrieve.popular:Popular",
        "like": "vireo.recommend.retrieve.like:Like",
    },
)
RANKERS = Registry(
    "rankers",
    {
        "sum": "vireo.recommend.rank.total:Total",
        "learned": "vireo.recommend.rank.learned:Learned",
        "llm": "vireo.recommend.rank.llm:Listwise",
    },
)
RULES = Registry(
    "rules",
    {
        "rights": "vireo.recommend.rules.rights:Rights",
        "blocks": "vireo.recommend.rules.blocks:Blocks",
        "age": "vireo.recommend.rules.age:Age",
        "region": "vireo.recommend.rules.region:Region",
        "window": "vireo.recommend.rules.window:Window",
        "seen": "vireo.recommend.rules.seen:Seen",
        "language": "vireo.recommend.rules.language:Language",
        "expiry": "vireo.recommend.rules.expiry:Expiry",
        "live": "vireo.recommend.rules.live:Live",
        "needs": "vireo.recommend.rules.needs:Needs",
        "level": "vireo.recommend.rules.level:Level",
        "impressions": "vireo.recommend.rules.impressions:Impressions",
        "fresh": "vireo.recommend.rules.fresh:Fresh",
        "diversity": "vireo.recommend.rules.diversity:Diversity",
        "calibration": "vireo.recommend.rules.calibration:Calibration",
        "creators": "vireo.recommend.rules.creators:Creators",
        "series": "vireo.recommend.rules.series:Series",
        "new-videos": "vireo.recommend.rules.new_videos:NewVideos",
        "explore": "vireo.recommend.rules.explore:Explore",
        "required": "vireo.recommend.rules.required:Required",
        "pinned": "vireo.recommend.rules.pinned:Pinned",
    },
)
EXPLAINERS = Registry("explainers", {"facts": "vireo.recommend.explain.facts:Facts"})
