"""Settings of list generation: `[recommend]` with its owner and audience sections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vireo.settings import Section


class OwnerSection(Section):
    """`[recommend.owner]`: what the owner wants on every list, or on none."""

    pinned: tuple[str, ...] = ()
    """Ids of videos that open every list, in this order, where the viewer may see them."""
    required: tuple[str, ...] = ()
    """Ids of videos that have a place somewhere on every list."""
    blocked_creators: tuple[str, ...] = ()
    """Creators whose videos are never shown."""
    blocked_topics: tuple[str, ...] = ()
    """Topics, categories or tags whose videos are never shown."""
    blocked_videos: tuple[str, ...] = ()
    """Ids of videos that are never shown."""


class AudienceSection(Section):
    """`[recommend.audience]`: what holds where nothing is known of a viewer or of a video."""

    default_user_age: Annotated[float, Field(ge=0)] = 18.0
    """Age in years of users without a stated age."""
    default_age_rating: Annotated[float, Field(ge=0)] = 0.0
    """Youngest age for videos without an age rating."""
    deny_by_default: bool = False
    """Whether videos without access groups are closed, instead of open to all users."""


class IndexSection(Section):
    """`[recommend.index]`: how the nearest of many videos are found."""

    exact_max_videos: Annotated[int, Field(ge=0)] = 50_000
    """Up to so many videos all are compared; beyond, an inverted file is built."""
    full_scoring_max_videos: Annotated[int, Field(ge=0)] = 20_000
    """Up to so many videos every expert scores all; beyond, indexes (extra `index`) are asked."""
    target_recall: Annotated[float, Field(gt=0, le=1)] = 0.98
    """Share of the true 100 nearest that it must find, measured when it is built."""


class RankerSection(Section):
    """`[recommend.ranker]`: an order that is learnt (LightGBM, extra `ranker`)."""

    enabled: bool = False
    """Whether it is trained when the workspace is built; it is used only with a shown gain."""
    users: Annotated[int, Field(ge=100)] = 2000
    """Viewers that are held back: half teach, half decide."""


class RerankerSection(Section):
    """`[recommend.reranker]`: an LLM reranks the best candidates."""

    enabled: bool = False
    """Whether it is asked; the model is that of `[language.generation]`, which must be allowed \
to see `histories`."""
    candidates: Annotated[int, Field(ge=2, le=100)] = 20
    """How many of the best candidates it puts in order."""
    max_history: Annotated[int, Field(ge=1)] = 20
    """Users with more positives than this keep the order of the ensemble."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 2.0
    """A list does not wait longer for it."""


class TextPreferenceSection(Section):
    """`[recommend.text_preference]`: interests of cold-start users, predicted from their text."""

    users: Annotated[int, Field(ge=0)] = 4000
    """Users sampled for its training; 0: no training."""


class RecommendSection(Section):
    """`[recommend]`: how a list is made."""

    k: Annotated[int, Field(ge=1)] = 10
    """Length of a list."""
    candidates: Annotated[int, Field(ge=1)] = 200
    """Videos that each retriever hands on."""
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.2
    """0 ranks by score alone; 1 by difference to what stands above (MMR)."""
    query_weight: Annotated[float, Field(ge=0, le=1000)] = 2.0
    """Weight of a sentence (`--query`) against the strongest expert."""
    new_video_quota: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the list kept for videos that hardly anybody has watched, if they fit."""
    allow_repeats: bool = False
    """Whether videos that the viewer has seen may come again."""
    repeat_after_days: Annotated[float, Field(ge=0)] = 0.0
    """With `repeats`: how long a seen video stays away."""
    continue_below: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Videos of which less than this share was watched may be continued; 0: none."""
    series_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share of the list for the next part of a series, and for what was left unfinished."""
    impression_discount: Annotated[float, Field(ge=0)] = 0.3
    """Score subtracted per impression without a watch, in standard deviations."""
    freshness_boost: Annotated[float, Field(ge=0)] = 0.0
    """Score of a video published today, in standard deviations; 0: age has no effect."""
    freshness_half_life_days: Annotated[float, Field(gt=0)] = 30.0
    """Days after which that gain has halved."""
    max_age_days: Annotated[float, Field(ge=0)] = 0.0
    """Older videos have expired; 0: none expires."""
    calibration: Annotated[float, Field(ge=0, le=1)] = 0.0
    """0: by score alone; 1: topics in the shares of the viewer's own history."""
    creator_cap: Annotated[int, Field(ge=0)] = 0
    """Most videos of one creator on a list while others are there; 0: no limit."""
    exploration_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the list that is drawn at random from the further candidates."""
    preference_weight: Annotated[float, Field(ge=0, le=1000)] = 3.0
    """Weight of a stated preference ("less horror"), in standard deviations of the score."""
    profile_min_events: Annotated[int, Field(ge=1)] = 5
    """Minimum number of positives for a described profile."""
    llm_profiles: bool = False
    """Whether the model of `[language.generation]` words the descriptions of viewers. Histories \
leave this machine only with `may_send` and the viewer's consent to `remote_models`."""
    relaxable_rules: tuple[Literal["language", "expiry", "prerequisites", "level"], ...] = (
        "language",
        "expiry",
    )
    """Which rules give way, rather than leave a list empty. Rights and blocks never do."""
    rules: tuple[str, ...] = (
        "seen",
        "language",
        "expiry",
        "impression-discount",
        "freshness",
        "diversity",
        "calibration",
        "creator-cap",
        "new-video-quota",
        "exploration",
        "pinned",
        "required",
    )
    """Which rules are applied, in this order. Those that protect (see the page) always are."""
    index: IndexSection = IndexSection()
    text_preference: TextPreferenceSection = TextPreferenceSection()
    ranker: RankerSection = RankerSection()
    reranker: RerankerSection = RerankerSection()
    owner: OwnerSection = OwnerSection()
    audience: AudienceSection = AudienceSection()
