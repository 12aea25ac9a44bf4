"""Registries of list generation. A part is a class made from a StepContext; it is a Step."""

from vireo.registry import Registry

RETRIEVERS = Registry(
    "retrievers",
    {
        "same-creator": "vireo.recommend.retrieve.creators:SameCreator",
        "preferences": "vireo.recommend.retrieve.preferences:Preferences",
        "ensemble": "vireo.recommend.retrieve.ensemble:EnsembleRetriever",
        "cold-start": "vireo.recommend.retrieve.cold_start:ColdStart",
        "text-query": "vireo.recommend.retrieve.text_query:TextQuery",
    },
)
RANKERS = Registry(
    "rankers",
    {
        "sum": "vireo.recommend.rank.score_sum:ScoreSum",
        "lambdamart": "vireo.recommend.rank.lambdamart:LambdaMartRanker",
        "llm": "vireo.recommend.rank.llm_reranker:LlmReranker",
    },
)
RULES = Registry(
    "rules",
    {
        "access": "vireo.recommend.rules.access:AccessGroups",
        "blocklist": "vireo.recommend.rules.blocklist:Blocklist",
        "age": "vireo.recommend.rules.age:AgeRating",
        "region": "vireo.recommend.rules.region:Region",
        "availability": "vireo.recommend.rules.availability:AvailabilityWindow",
        "seen": "vireo.recommend.rules.seen:Seen",
        "language": "vireo.recommend.rules.language:Language",
        "expiry": "vireo.recommend.rules.expiry:Expiry",
        "live": "vireo.recommend.rules.live_schedule:LiveSchedule",
        "prerequisites": "vireo.recommend.rules.prerequisites:Prerequisites",
        "level": "vireo.recommend.rules.level:Level",
        "impression-discount": "vireo.recommend.rules.impression_discount:ImpressionDiscount",
        "freshness": "vireo.recommend.rules.freshness:Freshness",
        "diversity": "vireo.recommend.rules.diversity:Diversity",
        "calibration": "vireo.recommend.rules.calibration:Calibration",
        "creator-cap": "vireo.recommend.rules.creator_cap:CreatorCap",
        "series": "vireo.recommend.rules.series:Series",
        "new-video-quota": "vireo.recommend.rules.new_video_quota:NewVideoQuota",
        "exploration": "vireo.recommend.rules.exploration:Exploration",
        "required": "vireo.recommend.rules.required:Required",
        "pinned": "vireo.recommend.rules.pinned:Pinned",
    },
)
EXPLAINERS = Registry(
    "explainers", {"templates": "vireo.recommend.explain.templates:TemplateExplainer"}
)
