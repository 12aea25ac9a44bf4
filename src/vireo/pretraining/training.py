"""Training of a model in a folder of the cache, by one or several processes."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.artifacts.files import write_json
from vireo.engine.distributed import SINGLE_PROCESS, ProcessGroup, device, launch, process_group
from vireo.engine.progress import LogProgress, NullProgress, Progress
from vireo.pretraining import OBJECTIVES
from vireo.pretraining.base import CannotTrain, Corpus, PretrainingSection
from vireo.pretraining.corpus import load_corpus
from vireo.pretraining.trainer import TrainingLog, fit
from vireo.pretraining.training_setup import Setup

_METHOD = "2"  # part of the recipe: change it with the arithmetic of any objective
_STATE, _REPORT, _JOB = "state.safetensors", "report.json", "job.json"
MODEL = "model"


@dataclass(frozen=True)
class PretrainingJob:
    """Settings of a training process."""

    section: PretrainingSection
    base: Path | None
    seed: int


def recipe_of(corpus: Corpus, section: PretrainingSection, base: str, seed: int) -> str:
    """Name of the folder: the same corpus, settings, base and seed give the same model."""
    recipe = json.dumps([_METHOD, corpus.digest, section.recipe(), base, seed], sort_keys=True)
    return hashlib.sha256(recipe.encode()).hexdigest()[:20]


def trained(folder: Path, job: PretrainingJob, progress: Progress) -> dict[str, Any]:
    """The report of the training in this folder, which also holds the model.

    A finished one is not trained again, an interrupted one goes on. Raises CannotTrain; StageFailed
    where one of several processes failed.
    """
    if not (folder / _REPORT).exists():
        if job.section.processes > 1:
            _shared(folder, job)
        else:
            train(folder, job, progress)
    report: dict[str, Any] = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
    if "unfit" in report:
        raise CannotTrain(report["unfit"])
    return report


def train(
    folder: Path, job: PretrainingJob, progress: Progress, team: ProcessGroup = SINGLE_PROCESS
) -> None:
    """Train and write `model/` and `report.json` to the folder; the report is written last."""
    team.check_divisible(job.section.gradient_accumulation, "pretraining.gradient_accumulation")
    objective = OBJECTIVES.get(job.section.objective)
    try:
        setup: Setup[Any] = objective(
            load_corpus(folder / "corpus"), job.section, job.base, job.seed
        )
    except CannotTrain as error:
        if team.is_main:
            write_json(folder / _REPORT, {"unfit": str(error)})
        return
    setup.learner.to(device())
    own_progress = progress if team.is_main else NullProgress()
    state = folder / _STATE
    journal = fit(setup.learner, setup.draw, setup.heldout, setup.plan, state, own_progress, team)
    if team.is_main:
        setup.save(folder / MODEL)
        write_json(folder / _REPORT, _report(journal, setup))
        state.unlink(missing_ok=True)
    team.barrier()


def _shared(folder: Path, job: PretrainingJob) -> None:
    """Train in several processes, which read their job from the folder."""
    write_json(
        folder / _JOB,
        {
            "section": job.section.model_dump(mode="json"),
            "base": str(job.base) if job.base else None,
            "seed": job.seed,
        },
    )
    launch("vireo.pretraining.training", folder, job.section.processes, "pretraining.processes")


def _report(journal: TrainingLog, setup: Setup[Any]) -> dict[str, Any]:
    known = bool(setup.heldout)
    after = journal.best if known and journal.curve else None
    before = journal.before if known else None
    return {
        "steps": journal.step,
        "head_steps": setup.plan.head_steps,
        "taken_from_step": journal.best_step,
        "stopped_early": journal.step < setup.plan.steps,
        **setup.about,
        "heldout_loss_fresh_head": journal.fresh if known else None,
        "heldout_loss_before": before,
        "heldout_loss_after": after,
        "perplexity_before": _perplexity(before),
        "perplexity_after": _perplexity(after),
        "loss_note": f"Nats per {setup.about['unit']} of held-out videos. Before: the base, with a "
        "new head (where there is one) that was fitted while the rest was frozen. After: all of "
        "it trained, taken where this loss was lowest.",
        "curve": journal.curve,
    }


def _perplexity(loss: float | None) -> float | None:
    return None if loss is None else math.exp(min(loss, 100.0))


def main() -> None:
    """One process of a shared training; `torchrun -m vireo.pretraining.training FOLDER`."""
    folder = Path(sys.argv[1])
    document = json.loads((folder / _JOB).read_text(encoding="utf-8"))
    base = Path(document["base"]) if document["base"] else None
    section = PretrainingSection.model_validate(document["section"])
    job = PretrainingJob(section, base, document["seed"])
    with process_group() as team:
        train(folder, job, LogProgress(), team)


if __name__ == "__main__":
    main()
