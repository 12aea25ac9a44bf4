"""Differences of served variants per impression, with intervals.

Users are assigned at random, so users are resampled, each with all of their impressions (Deng et
al. 2017: ratios of sums over users, not means over impressions).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from vireo.arrays import Doubles
from vireo.behavior.weights import event_weights
from vireo.config import Config
from vireo.data.readers.event_types import event_word
from vireo.errors import InputError
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.privacy.base import consent_to
from vireo.serving.experiments import variant_of
from vireo.serving.request import IMPRESSION
from vireo.store.base import Experiment, LiveEvent, Store

METRICS = ("ctr", "watch_seconds")
"""Impressions that were followed by an event that says yes; seconds watched per impression."""


@dataclass(frozen=True)
class OnlineComparison:
    """A variant against another, per impression."""

    variant: str
    other: str
    metric: str
    value: float
    other_value: float
    low: float
    high: float
    """95% interval of the difference, viewers drawn with replacement in each variant."""
    viewers: int
    other_viewers: int
    impressions: int
    other_impressions: int

    @property
    def difference(self) -> float:
        return self.value - self.other_value

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        verdict = "" if self.shown else ", no difference shown"
        return (
            f"{self.variant} {self.value:.4f} ({self.viewers} viewers, {self.impressions}"
            f" impressions) against {self.other} {self.other_value:.4f} ({self.other_viewers}"
            f" viewers, {self.other_impressions} impressions) {self.metric}:"
            f" {self.difference:+.4f} (95% interval {self.low:+.4f} to {self.high:+.4f}){verdict}"
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the verdict."""
        return {**asdict(self), "difference": self.difference, "shown": self.shown}


@dataclass
class _Viewer:
    """One viewer's sums, and the impressions that wait for an answer."""

    impressions: int = 0
    answered: int = 0
    watched: float = 0.0
    waiting: dict[str, list[str]] = field(default_factory=dict)
    """Video -> the requests on whose lists it was shown, no answer yet."""
    answered_videos: set[str] = field(default_factory=set)
    """Videos that were shown and answered: what is watched of them later counts, too."""

    def take(self, event: LiveEvent, word: str, positive_types: Collection[str]) -> None:
        """Count an event in, in the order of arrival."""
        if word == IMPRESSION:
            self.impressions += 1
            self.waiting.setdefault(event.video_id, []).append(event.request_id or "")
        elif word in positive_types and (
            self._answers(event) or event.video_id in self.answered_videos
        ):
            self.watched += max(event.watch_seconds or 0.0, 0.0)

    def _answers(self, event: LiveEvent) -> bool:
        """Whether an impression waited for this: that of the same list, else the latest one."""
        shown = self.waiting.get(event.video_id)
        if not shown:
            return False
        same = event.request_id if event.request_id in shown else shown[-1]
        shown.remove(same)
        self.answered += 1
        self.answered_videos.add(event.video_id)
        return True


def compare_live(
    store: Store, config: Config, one: str = "", other: str = ""
) -> list[OnlineComparison]:
    """Every variant (or `one`) against the first (or `other`), by the events since it began.

    Viewers who do not consent to research are left out. Raises InputError where nothing was tried,
    for a variant that there is not, and where one has too few viewers to be spoken of.
    """
    begun = store.experiments()
    if not begun:
        raise InputError(
            "No variants were served yet.", "Write [server.variants.NAME], then `vireo serve`."
        )
    names = begun[0].variants
    for name in filter(None, (one, other)):
        if name not in names:
            raise InputError(f"'{name}' was not tried.", f"Known: {', '.join(names)}.")
    against = other or next(name for name in names if name != one)
    compared = [one] if one else [name for name in names if name != against]
    sums = _sums(store, config, begun[0])
    for name in (against, *compared):
        _check(name, sums[name], config.privacy.min_group_size)
    pairs = [_compared(name, against, sums, names, config.seed) for name in compared]
    return [comparison for pair in pairs for comparison in pair]


def _sums(store: Store, config: Config, experiment: Experiment) -> dict[str, Doubles]:
    """Variant -> (viewers, 3): impressions, answers, seconds of each viewer with an impression."""
    consent = consent_to("research", store, config.privacy)
    weights = event_weights(config.behavior)
    positive_types = {word for word, weight in weights.items() if weight > 0}
    viewers: dict[str, _Viewer] = {}
    for event in _since(store, experiment.after):
        if event.user_id in consent:
            word = event_word(event.event.strip())
            viewers.setdefault(event.user_id, _Viewer()).take(event, word, positive_types)
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in experiment.variants}
    for user_id, viewer in viewers.items():
        if viewer.impressions:
            name = variant_of(user_id, experiment.name, experiment.variants)
            rows[name].append((viewer.impressions, viewer.answered, viewer.watched))
    return {name: np.array(some, dtype=np.float64).reshape(-1, 3) for name, some in rows.items()}


def _since(store: Store, after: int) -> Iterable[LiveEvent]:
    for batch in store.events(after):
        for _, event in batch:
            yield event


def _check(name: str, sums: Doubles, least: int) -> None:
    if len(sums) < least:
        raise InputError(
            f"The variant '{name}' was shown to fewer than {least} viewers who sent impressions.",
            "Wait for more; send an `impression` for each video that came into sight.",
        )


def _compared(
    name: str, against: str, sums: Mapping[str, Doubles], names: Sequence[str], seed: int
) -> list[OnlineComparison]:
    drawn = {
        which: resampled_means(sums[which], seed + names.index(which)) for which in (name, against)
    }
    found = []
    for column, metric in enumerate(METRICS, start=1):
        one, other = (sums[w][:, column].sum() / sums[w][:, 0].sum() for w in (name, against))
        ratios = [drawn[w][:, column] / drawn[w][:, 0] for w in (name, against)]
        low, high = interval(ratios[0] - ratios[1])
        counts = [(len(sums[w]), int(sums[w][:, 0].sum())) for w in (name, against)]
        found.append(
            OnlineComparison(
                name, against, metric, float(one), float(other), low, high,
                counts[0][0], counts[1][0], counts[0][1], counts[1][1],
            )
        )  # fmt: skip
    return found
