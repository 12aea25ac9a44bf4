"""The settings of the recommend room: `[recommend]`, its owner's and its audience's part."""

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
    """Age in years of viewers whose age nobody told."""
    default_age_rating: Annotated[float, Field(ge=0)] = 0.0
    """Youngest age for videos without an age rating."""
    deny_by_default: bool = False
    """Whether videos without access groups are closed to everybody, instead of open."""


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
    """`[recommend.reranker]`: a model that writes puts the best candidates in order."""

    enabled: bool = False
    """Whether it is asked; the model is that of `[language.generation]`, which must be allowed \
to see `histories`."""
    candidates: Annotated[int, Field(ge=2, le=100)] = 20
    """How many of the best candidates it puts in order."""
    max_history: Annotated[int, Field(ge=1)] = 20
    """Viewers who wanted more videos than this get the experts' order."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 2.0
    """A list does not wait longer for it."""


class TextPreferenceSection(Section):
    """`[recommend.text_preference]`: what viewers of a taste watch, for those of whom a sentence is known."""

    users: Annotated[int, Field(ge=0)] = 4000
    """Viewers, drawn by lot, from whom it is learnt when the workspace is built; 0: it is not."""


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
    """What each time that a video was shown and not watched takes from its score (deviations)."""
    freshness_boost: Annotated[float, Field(ge=0)] = 0.0
    """What a video of today gains in score (deviations); 0: age does not matter."""
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
    """Weight of a viewer's wish ("less horror") against one deviation of the score."""
    profile_min_events: Annotated[int, Field(ge=1)] = 5
    """A viewer is not described from fewer wanted videos than this."""
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
