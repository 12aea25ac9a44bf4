"""Evaluation of a plan: builds the pipeline with an earlier cutoff, and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from vireo.artifacts import Manifest
from vireo.behavior.base import Histories
from vireo.behavior.build import histories_of
from vireo.data.base import Tables
from vireo.errors import InputError
from vireo.evaluation import behavior_only
from vireo.evaluation.beyond_accuracy import MetricContext
from vireo.evaluation.curves import curves_of
from vireo.evaluation.evaluate_model import FUSED, evaluate, wanted_of
from vireo.evaluation.plan import EvaluationPlan
from vireo.evaluation.report import Report
from vireo.evaluation.rolling_average import averaged
from vireo.evaluation.splits import digest_of, save_split, split_frame
from vireo.evaluation.tasks import KNOWN_EVENTS, QueryTask, first_videos
from vireo.interest.base import InterestModel
from vireo.language import load as load_language
from vireo.language import query_texts
from vireo.pipeline import STAGES, BuildContext, load_output, run
from vireo.privacy.base import consent_to
from vireo.understanding.base import Understanding


def evaluate_plan(build: BuildContext, plan: EvaluationPlan, save_to: Path | None = None) -> Report:
    """Every split of the plan; with several cutoffs, their average and all of their reports.

    `save_to` keeps the split as a file (`save_split`), with several cutoffs numbered from 1.
    """
    splits = plan.splits(lambda: next(iter(run(build, until="data"))).manifest, build.context.seed)
    own = replace(build, config=plan.config(build.config))
    reports = []
    for number, split in enumerate(splits, start=1):
        made = built(replace(own, split=split))
        evaluated = BuiltModel.of(made, replace(own, split=split))
        if save_to is not None:
            name = save_to if len(splits) == 1 else save_to.with_stem(f"{save_to.stem}-{number}")
            save_split(evaluated.split, name)
        reports.append(evaluated.report(plan))
    return reports[0] if len(reports) == 1 else averaged(reports)


def built(build: BuildContext) -> dict[str, Manifest]:
    """The stages up to `interest`; only data and behaviour where no expert reads content."""
    short = (
        behavior_only.is_enough(build.config.interest.experts)
        and build.split.protocol != "cold-users"
    )
    rows = {"stages": behavior_only.BEHAVIOR_STAGES} if short else {}
    return {r.stage: r.manifest for r in run(build, until="interest", **rows)}


@dataclass(frozen=True)
class BuiltModel:
    """The artifacts built for one split."""

    made: Mapping[str, Manifest]
    build: BuildContext
    tables: Tables
    model: InterestModel
    histories: Histories
    unasked: int = 0
    """Held-out events of viewers who do not consent to research: they are not measured."""

    @classmethod
    def of(cls, made: Mapping[str, Manifest], build: BuildContext) -> BuiltModel:
        """Raises InputError without training events or held-out users."""
        found = cls.loaded(made, build)
        if not found.tables.events.height:
            raise InputError(
                "No event is left to learn from: all of them are held out.",
                "Choose a later cutoff.",
            )
        if not found.tables.heldout.height:
            raise InputError(
                "No event is held out, so there is nothing to measure.",
                "Ingest events first, or choose an earlier cutoff.",
            )
        return found

    @classmethod
    def loaded(cls, made: Mapping[str, Manifest], build: BuildContext) -> BuiltModel:
        """Everything in the artifacts, sufficient for an evaluation or not.

        Users without consent to research are left out of the evaluation and of a split's file.
        """
        tables = Tables.load(made["data"].directory, ("heldout", "videos", "events"))
        consent = consent_to("research", build.store, build.config.privacy)
        heldout, events = consent.of(tables.heldout), consent.of(tables.events)
        unasked = tables.heldout.height - heldout.height
        tables = replace(tables, frames={**tables.frames, "heldout": heldout, "events": events})
        model: InterestModel = load_output(made["interest"], STAGES["interest"])
        histories = load_output(made["behavior"], STAGES["behavior"])
        return cls(made, build, tables, model, histories, unasked)

    @property
    def split(self) -> pl.DataFrame:
        return split_frame(self.tables.events, self.tables.heldout)

    @property
    def understanding(self) -> Understanding | None:
        if "understanding" not in self.made:
            return None
        output: Understanding = load_output(self.made["understanding"], STAGES["understanding"])
        return output

    def report(self, plan: EvaluationPlan) -> Report:
        """Rank the held-out events with the models built without them."""
        split, heard = self.build.split, self.heard()
        understanding = self.understanding
        content = self.model.content if self.model.content.shape[1] else None
        topics = None if understanding is None else understanding.topic_of
        report = evaluate(
            self.model,
            self.histories,
            self.tables.videos["video_id"].to_list(),
            self.tables.heldout,
            ks=plan.ks,
            systems=plan.systems or None,
            seed=self.build.context.seed,
            split=split.recipe(),
            background=MetricContext.of(self.histories, content, topics),
            heard=heard,
            tastes=self.tastes(heard) if FUSED in (plan.systems or (FUSED,)) else None,
            progress=self.build.context.progress,
        )
        protocol = {**report.protocol, "split_sha256": digest_of(self.split)}
        if self.unasked:
            protocol["events_without_consent"] = self.unasked
        if plan.settings:
            protocol["settings"] = dict(plan.settings)
        protocol["artifacts"] = {stage: manifest.id for stage, manifest in self.made.items()}
        return replace(report, protocol=protocol, curves=curves_of(self.made))

    def heard(self) -> Histories | None:
        """For cold users: their held-out events as histories, weighed as the others were."""
        if self.build.split.protocol != "cold-users":
            return None
        return histories_of(
            self.tables.heldout,
            self.tables.videos,
            self.build.config.behavior,
            now=self.histories.now,
            rating_max=self.histories.report.get("rating_max"),
            usual=self.histories.report.get("usual_shares", {}),
        )

    def tastes(self, heard: Histories | None) -> QueryTask | None:
        """For cold users: a sentence of the titles that each liked first, as `--query` reads it."""
        understanding = self.understanding
        if heard is None or understanding is None or not understanding.has_text.any():
            return None
        ids = self.tables.videos["video_id"].to_list()
        users = wanted_of(self.tables.heldout, self.histories, ids, heard).user_ids
        titles = self.tables.videos.select(pl.coalesce("title", "video_id"))["title"].to_list()
        sentences = [sentence_of(heard, user, titles) for user in users]
        checkpoint = load_output(self.made["pretraining"], STAGES["pretraining"])
        model = load_language(self.build.config.language, self.build.context, checkpoint.model)
        vectors = np.asarray(model.embed(sentences), dtype=np.float32)
        asked = understanding.project(vectors, query_texts(sentences))
        return QueryTask(understanding.vectors, asked, self.build.config.recommend.query_weight)


def sentence_of(heard: Histories, user: str, titles: list[str]) -> str:
    """The titles of the first liked videos, as a viewer might name them."""
    first = first_videos(heard.of(user).positives, KNOWN_EVENTS[-1]).videos
    return "I liked " + ", ".join(titles[row] for row in first.tolist()) + "."
