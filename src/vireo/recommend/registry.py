"""The menus of the recommend room. A part is a class that takes `Shelves` and is a Step."""

from vireo.registry import Registry

RETRIEVERS = Registry(
    "retrievers",
    {
        "creators": "vireo.recommend.retrieve.creators:SameCreator",
        "wishes": "vireo.recommend.retrieve.preferences:Wishes",
        "experts": "vireo.recommend.retrieve.experts:Experts",
        "popular": "vireo.recommend.retrieve.cold_start:Popular",
        "like": "vireo.recommend.retrieve.text_query:Like",
    },
)
RANKERS = Registry(
    "rankers",
    {
        "sum": "vireo.recommend.rank.score_sum:Total",
        "learned": "vireo.recommend.rank.lambdamart:Learned",
        "llm": "vireo.recommend.rank.llm_reranker:Listwise",
    },
)
RULES = Registry(
    "rules",
    {
        "rights": "vireo.recommend.rules.access:Rights",
        "blocks": "vireo.recommend.rules.blocklist:Blocks",
        "age": "vireo.recommend.rules.age:Age",
        "region": "vireo.recommend.rules.region:Region",
        "window": "vireo.recommend.rules.availability:Window",
        "seen": "vireo.recommend.rules.seen:Seen",
        "language": "vireo.recommend.rules.language:Language",
        "expiry": "vireo.recommend.rules.expiry:Expiry",
        "live": "vireo.recommend.rules.live_schedule:Live",
        "needs": "vireo.recommend.rules.prerequisites:Needs",
        "level": "vireo.recommend.rules.level:Level",
        "impressions": "vireo.recommend.rules.impression_discount:Impressions",
        "fresh": "vireo.recommend.rules.freshness:Fresh",
        "diversity": "vireo.recommend.rules.diversity:Diversity",
        "calibration": "vireo.recommend.rules.calibration:Calibration",
        "creators": "vireo.recommend.rules.creator_cap:Creators",
        "series": "vireo.recommend.rules.series:Series",
        "new-videos": "vireo.recommend.rules.new_video_quota:NewVideos",
        "explore": "vireo.recommend.rules.exploration:Explore",
        "required": "vireo.recommend.rules.required:Required",
        "pinned": "vireo.recommend.rules.pinned:Pinned",
    },
)
EXPLAINERS = Registry("explainers", {"facts": "vireo.recommend.explain.templates:Facts"})
