"""Evaluation of a workspace: the artefacts that an earlier clock made -> a Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from vireo.artifacts import Manifest
from vireo.behavior.base import Histories
from vireo.data.base import Split, Tables
from vireo.engine.progress import Progress
from vireo.errors import InputError
from vireo.evaluation.report import Report
from vireo.evaluation.run import evaluate
from vireo.interest.base import InterestModel

LAST_SHARE = 0.2
"""Without a cutoff, this share of the events, the latest, is held out."""


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


def default_cutoff(data: Manifest) -> int:
    """The moment after which the last fifth of the dated events lies."""
    times = Tables.load(data.directory, ("events",)).events["timestamp"].drop_nulls().to_numpy()
    if not len(times):
        raise InputError(
            "No event has a timestamp, so no time can be held out.",
            "Use `--protocol leave-one-out`.",
        )
    return int(np.quantile(times, 1 - LAST_SHARE))


def evaluate_artifacts(
    made: Mapping[str, Manifest],
    split: Split,
    *,
    k: int,
    systems: Sequence[str] | None,
    seed: int,
    progress: Progress,
) -> Report:
    """Rank the held-out events of the data artefact with the models that never saw them."""
    tables = Tables.load(made["data"].directory, ("heldout", "videos", "events"))
    if not tables.events.height:
        raise InputError(
            "No event is left to learn from: all of them are held out.",
            "Choose a later cutoff.",
        )
    if not tables.heldout.height:
        raise InputError(
            "No event is held out, so there is nothing to measure.",
            "Ingest events first, or choose an earlier cutoff.",
        )
    return evaluate(
        InterestModel.load(made["interest"].directory),
        Histories.load(made["behavior"].directory),
        tables.videos["video_id"].to_list(),
        tables.heldout,
        ks=(k,),
        systems=systems,
        seed=seed,
        split=split.recipe(),
        progress=progress,
    )
