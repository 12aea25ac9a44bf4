"""EvaluationPlan: validated options of an evaluation, and its splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

import numpy as np

from vireo.artifacts import Manifest
from vireo.config import Config
from vireo.data.base import Split, Tables
from vireo.errors import InputError, UnknownPart
from vireo.evaluation.evaluate_model import FUSED
from vireo.interest.registry import EXPERTS

LAST_SHARE = 0.2
"""Without a cutoff, this share of the events, the latest, is held out."""
Protocol = Literal["time", "leave-one-out", "cold-items", "cold-users", "random"]
PROTOCOLS: tuple[str, ...] = get_args(Protocol)
VARIANTS = ("random", "chronological")


@dataclass(frozen=True)
class EvaluationPlan:
    """Raises InputError or UnknownPart for contradictory options."""

    protocol: str = "time"
    cutoffs: tuple[int, ...] = ()
    """For `time`: milliseconds since 1970 UTC. Each is tested up to the next one."""
    rolling: int = 0
    """For `time` without cutoffs: this many, evenly through the last fifth of the events."""
    ks: tuple[int, ...] = (10,)
    systems: tuple[str, ...] = ()
    """Experts and `fused`; none: all of the config's experts, and `fused`."""
    share: float = 0.2
    variant: str = "random"
    settings: Mapping[str, str] = field(default_factory=dict)
    """Dotted keys of the config, changed for this evaluation."""

    def __post_init__(self) -> None:
        _known(self.protocol, PROTOCOLS, "protocol")
        _known(self.variant, VARIANTS, "variant")
        for name in self.systems:
            _known(name, (*EXPERTS.names(), FUSED), "system", UnknownPart)
        if not self.ks or min(self.ks) < 1:
            raise InputError(f"A list cannot be cut at {list(self.ks)}.", "Ask for 1 or more.")
        if (self.cutoffs or self.rolling) and self.protocol != "time":
            raise InputError(
                f"The protocol {self.protocol} has no cutoff.",
                "Leave `--cutoff` and `--rolling` out, or take `--protocol time`.",
            )
        if self.rolling < 0 or (self.cutoffs and self.rolling):
            raise InputError(
                "`--rolling` places the cutoffs itself.", "Give either `--rolling 3` or cutoffs."
            )

    def splits(self, data: Callable[[], Manifest], seed: int) -> list[Split]:
        """One split, or one per cutoff. `data` is asked for where the cutoff depends on it."""
        if self.protocol != "time":
            variant = cast('Literal["random", "chronological"]', self.variant)
            protocol = cast("Protocol", self.protocol)
            return [Split(protocol, share=self.share, variant=variant, seed=seed)]
        cutoffs = sorted(set(self.cutoffs)) or default_cutoffs(data(), max(1, self.rolling))
        ends: list[int | None] = [*cutoffs[1:], None]
        return [Split("time", at, end) for at, end in zip(cutoffs, ends, strict=True)]

    def experts(self, config: Config) -> tuple[str, ...]:
        """Which experts must be trained."""
        if not self.systems or FUSED in self.systems:
            extra = [n for n in self.systems if n not in (*config.interest.experts, FUSED)]
            return (*config.interest.experts, *extra)
        return self.systems

    def config(self, config: Config) -> Config:
        """The settings of this evaluation: only what is asked for is trained."""
        changed = config.with_settings(self.settings)
        more: dict[str, str] = {}
        if self.protocol == "leave-one-out" and "interest.validation" not in self.settings:
            # The fusion's weights are found in the way in which they will be measured.
            more["interest.validation"] = '"last"'
        if self.systems:
            names = ", ".join(f'"{name}"' for name in self.experts(changed))
            more["interest.experts"] = f"[{names}]"
        if self.systems and FUSED not in self.systems:
            more["interest.validation_users"] = "0"  # the ensemble is not evaluated
        return changed.with_settings(more)


def plan_of(
    cutoff: str | int | Sequence[str | int] | None = None,
    protocol: str = "time",
    k: int | Sequence[int] = 10,
    systems: Sequence[str] | None = None,
    **options: Any,
) -> EvaluationPlan:
    """A Plan from what people write: dates, one k or several; `options` are Plan's other fields."""
    given = () if cutoff is None else (cutoff,) if isinstance(cutoff, (str, int)) else cutoff
    unknown = sorted(options.keys() - {"rolling", "share", "variant", "settings"})
    if unknown:
        raise InputError(
            f"An evaluation has no option '{unknown[0]}'.",
            "Known: rolling, share, variant, settings.",
        )
    return EvaluationPlan(
        protocol=protocol,
        cutoffs=tuple(moment(each) for each in given),
        ks=(k,) if isinstance(k, int) else tuple(k),
        systems=tuple(systems or ()),
        **options,
    )


def _known(
    name: str, among: Sequence[str], what: str, error: type[InputError] = InputError
) -> None:
    if name not in among:
        raise error(f"There is no {what} '{name}'.", f"Choose one of: {', '.join(among)}.")


def moment(text: str | int) -> int:
    """An ISO date or time, or milliseconds -> milliseconds since 1970 UTC."""
    if isinstance(text, int) or text.strip().isdigit():
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"'{text}' is not a date or time.", "Write it like 2026-03-01 or 2026-03-01T18:30."
        ) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return int(when.timestamp() * 1000)


def default_cutoffs(data: Manifest, count: int) -> list[int]:
    """Moments after which the last fifth of the dated events lies, in `count` equal parts."""
    times = Tables.load(data.directory, ("events",)).events["timestamp"].drop_nulls().to_numpy()
    if not len(times):
        raise InputError(
            "No event has a timestamp, so no time can be held out.",
            "Use `--protocol leave-one-out`.",
        )
    places = 1 - LAST_SHARE * np.arange(count, 0, -1) / count
    return sorted({int(np.quantile(times, place)) for place in places})
