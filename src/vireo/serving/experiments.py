"""Experiments: variants of `[recommend]` settings for shares of the users.

A stable hash of the experiment's name and the user id assigns the variant: nothing is stored, a
user keeps the variant, and a new name assigns all users again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from vireo.artifacts.files import digest_of_json
from vireo.config import Config
from vireo.config.presets import PRESETS
from vireo.errors import ConfigError, InputError
from vireo.recommend.settings import RecommendSection
from vireo.store.base import Experiment

CONTROL = "control"
"""The settings as they are; always one of the variants."""


def variant_names(config: Config) -> tuple[str, ...]:
    """The variants that viewers are dealt out to, control first; none without an experiment."""
    others = config.server.variants
    if CONTROL in others:
        raise ConfigError(
            f"The variant '{CONTROL}' is [recommend] as it is.", "Give yours another name."
        )
    return (CONTROL, *others) if others else ()


def variant_of(user_id: str, experiment: str, names: Sequence[str]) -> str:
    """The variant of a viewer, each as likely as the others; "" where there are none."""
    if not names:
        return ""
    text = f"{experiment}\0{user_id}".encode("utf-8", "replace")
    return names[int.from_bytes(hashlib.sha256(text).digest()[:8]) % len(names)]


def settings_of(config: Config, name: str) -> RecommendSection:
    """The settings under a name: a variant, or a preset; "" and control are the config's own.

    Raises InputError for a name that there is not.
    """
    if name in ("", CONTROL):
        return config.recommend
    variant = config.server.variants.get(name)
    if variant is None and name not in PRESETS:
        known = [CONTROL, *config.server.variants, *PRESETS]
        raise InputError(
            f"There is no variant or preset '{name}'.", f"Choose one of: {', '.join(known)}."
        )
    changed: Mapping[str, object] = (
        PRESETS[name].get("recommend", {})
        if variant is None
        else variant.model_dump(exclude_unset=True)
    )
    return RecommendSection.model_validate(_over(config.recommend.model_dump(), changed))


def _over(own: dict[str, object], changed: Mapping[str, object]) -> dict[str, object]:
    """The settings with others above them, section by section."""
    merged = dict(own)
    for name, value in changed.items():
        before = merged.get(name)
        inner = isinstance(before, dict) and isinstance(value, Mapping)
        merged[name] = _over(before, value) if inner else value  # type: ignore[arg-type]
    return merged


def experiment_of(config: Config, moment: int) -> Experiment | None:
    """The running experiment; None if there is none. `moment` in ms since 1970 UTC."""
    names = variant_names(config)
    if not names:
        return None
    settings = {name: settings_of(config, name).model_dump(mode="json") for name in names}
    return Experiment(config.server.experiment, names, digest_of_json(settings), began_at=moment)
