"""The menus of the recommend room. A part is a class that takes `Shelves` and is a Step."""

from vireo.registry import Registry

RETRIEVERS = Registry(
    "retrievers",
    {
        "creators": "vireo.recommend.retrieve.creators:SameCreator",
        "wishes": "vireo.recommend.retrieve.preferences:Preferences",
        "experts": "vireo.recommend.retrieve.experts:EnsembleRetriever",
        "popular": "vireo.recommend.retrieve.cold_start:ColdStart",
        "like": "vireo.recommend.retrieve.text_query:TextQuery",
    },
)
RANKERS = Registry(
    "rankers",
    {
        "sum": "vireo.recommend.rank.score_sum:ScoreSum",
        "learned": "vireo.recommend.rank.lambdamart:LambdaMartRanker",
        "llm": "vireo.recommend.rank.llm_reranker:LlmReranker",
    },
)
RULES = Registry(
    "rules",
    {
        "rights": "vireo.recommend.rules.access:AccessGroups",
        "blocks": "vireo.recommend.rules.blocklist:Blocklist",
        "age": "vireo.recommend.rules.age:AgeRating",
        "region": "vireo.recommend.rules.region:Region",
        "window": "vireo.recommend.rules.availability:AvailabilityWindow",
        "seen": "vireo.recommend.rules.seen:Seen",
        "language": "vireo.recommend.rules.language:Language",
        "expiry": "vireo.recommend.rules.expiry:Expiry",
        "live": "vireo.recommend.rules.live_schedule:LiveSchedule",
        "needs": "vireo.recommend.rules.prerequisites:Prerequisites",
        "level": "vireo.recommend.rules.level:Level",
        "impressions": "vireo.recommend.rules.impression_discount:ImpressionDiscount",
        "fresh": "vireo.recommend.rules.freshness:Freshness",
        "diversity": "vireo.recommend.rules.diversity:Diversity",
        "calibration": "vireo.recommend.rules.calibration:Calibration",
        "creators": "vireo.recommend.rules.creator_cap:CreatorCap",
        "series": "vireo.recommend.rules.series:Series",
        "new-videos": "vireo.recommend.rules.new_video_quota:NewVideoQuota",
        "explore": "vireo.recommend.rules.exploration:Exploration",
        "required": "vireo.recommend.rules.required:Required",
        "pinned": "vireo.recommend.rules.pinned:Pinned",
    },
)
EXPLAINERS = Registry(
    "explainers", {"facts": "vireo.recommend.explain.templates:TemplateExplainer"}
)
