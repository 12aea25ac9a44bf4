"""Settings of user-interest modelling: `[interest]` and its sections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vireo.settings import Section


class EaseSection(Section):
    """`[interest.ease]`: item-item in closed form (Steck 2019)."""

    regularization: Annotated[float, Field(gt=0)] = 500.0
    """Ridge penalty on the item-item weights."""
    content_weight: Annotated[float, Field(ge=0)] = 200.0
    """`ease-text`: content similarity counts as much as so many users; 0: none."""
    max_videos: int = 20_000
    """Above this many watched videos the inverse would not fit: the expert steps aside, says so."""


class TrendSection(Section):
    """`[interest.trend]`: recent popularity plus a linear model of the history, in closed form."""

    regularization: Annotated[float, Field(gt=0)] = 7.0
    """Ridge penalty on the item-item weights, per training user: the higher, the more similar
    are the lists of all users."""


class AlsSection(Section):
    """`[interest.als]`: matrix factorisation by alternating least squares."""

    embedding_size: Annotated[int, Field(ge=1)] = 64
    """Length of a viewer's and of a video's vector."""
    regularization: Annotated[float, Field(gt=0)] = 0.15
    """Ridge penalty on the vectors, times how often their viewer or video occurs to the power of
    `frequency`."""
    frequency_scaling: Annotated[float, Field(ge=0, le=1)] = 0.5
    """1: in full, as Rendle et al. 2021 advise, which weighs short histories down where videos are
    many; 0: the same penalty for all."""
    confidence: Annotated[float, Field(ge=1)] = 4.0
    """Weight of an observed interaction against an unobserved one."""
    iterations: Annotated[int, Field(ge=1)] = 15
    """Rounds of solving for viewers, then for videos."""
    link: Literal["identity", "sigmoid"] = "identity"
    """`identity`: the inner product; `sigmoid`: squashed to (0, 1)."""


class NextItemSection(Section):
    """`[interest.next_item]`: decayed last videos -> the next one, in closed form."""

    regularization: Annotated[float, Field(gt=0)] = 300.0
    """Ridge penalty on the weights."""
    decay_lengths: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (
        0.7,
        6.0,
        30.0,
    )
    """Numbers of videos after which an input has decayed to 1/e; each span has its own weights."""
    max_memory_mb: Annotated[int, Field(ge=1)] = 1024
    """Size of the matrix that is inverted: spans, then seldom watched videos, are left out."""


class SequenceSection(Section):
    """`[interest.sequence]`: a transformer over what was watched, in order."""

    size: Literal["small", "medium", "large"] = "small"
    """Dimension and blocks of the network: 64 x 2, 128 x 2 or 256 x 4."""
    max_length: Annotated[int, Field(ge=2, le=2000)] = 200
    """Last positives of a user that the network reads."""
    time_aware: bool = True
    """Whether the network reads the time until the next event, and until now."""
    epochs: Annotated[int, Field(ge=1)] = 14
    """Passes over all histories."""
    min_steps: Annotated[int, Field(ge=0)] = 100
    """Small data are passed over more often, until this many batches were learnt from."""
    max_steps: Annotated[int, Field(ge=1)] = 20_000
    """Large data are passed over less often: no more batches than this (but one pass)."""
    batch_tokens: Annotated[int, Field(ge=16)] = 3200
    """Events in a batch; fewer where the data are small."""
    n_negatives: Annotated[int, Field(ge=0)] = 512
    """Videos that stand for all others in the softmax; 0: all of them, three times slower."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of products while learning; `auto`: bfloat16 on a card that has it, else float32."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Highest learning rate."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of activations that are dropped while learning."""
    attention_gate: bool = True
    """Whether a token's own gate lets through what attention found; without, deep networks fail."""
    content_prior_users: Annotated[float, Field(ge=0)] = 1.0
    """Viewers after which a video's own vector counts as much as the one its content predicts."""
    max_videos: Annotated[int, Field(ge=1)] = 200_000
    """Only so many videos, the most watched, get vectors of their own."""
    n_processes: Annotated[int, Field(ge=1)] = 1
    """Processes that share every batch, through torch.distributed. Each drops other activations:
    the loss falls equally, the last digits differ."""


class SequenceContentSection(SequenceSection):
    """`[interest.sequence_content]`: the same transformer over what videos show and say."""

    epochs: Annotated[int, Field(ge=1)] = 10
    """Passes over all histories."""
    max_id_norm: Annotated[float, Field(ge=0)] = 0.5
    """Longest that a video's own part may be, beside a content vector of length 1."""
    id_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the videos whose own part is hidden from each batch, as if they were new."""


class InterestSection(Section):
    """`[interest]`: the models of what viewers want; each is trained apart, then added."""

    experts: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "popularity",
        "recent-popularity",
        "trend",
        "ease",
        "ease-recent",
        "ease-text",
        "next-item",
        "sequence",
        "transitions",
        "cooccurrence",
        "item-knn",
        "als",
        "content",
    )
    """Which experts are trained; those that do not help on validation get weight 0."""
    recent_days: Annotated[float, Field(gt=0)] = 7.0
    """Length of the window of `recent` popularity, counted back from the last known event."""
    history_decay: Annotated[float, Field(gt=0)] = 5.0
    """`ease-recent`: the weight of the k-th last video falls as exp(-k / history_decay)."""
    allow_repeats: bool = False
    """Whether a seen video may be recommended again (live channels): then it is a candidate, and
    the expert `repeat` is active."""
    validation: Literal["time", "last", "random"] = "time"
    """Events held out to fit the weights: the latest of all users (random ones, if no event has a
    time), the last positive of each user, or random ones."""
    cold_item_share: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Share of the first ten places that new videos get by their scores; null: what they earn."""
    validation_users: Annotated[int, Field(ge=0)] = 2000
    """Held-out users of the fit of the weights."""
    trend: TrendSection = TrendSection()
    ease: EaseSection = EaseSection()
    als: AlsSection = AlsSection()
    next_item: NextItemSection = NextItemSection()
    sequence: SequenceSection = SequenceSection()
    sequence_content: SequenceContentSection = SequenceContentSection()
