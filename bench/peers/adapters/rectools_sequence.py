"""RecTools' transformers (SASRec, eSASRec's LiGR blocks, HSTU), trained within a time budget.

One epoch at a time through the public `fit_partial`; after each one, recall@10 on the last training
item of some users (held out of training) chooses the epoch that is kept. With `--checkpoint` a run
that was cut off goes on after its last whole epoch, with all that it had learnt and spent.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import contract
import numpy as np
import pandas as pd
import torch
from filled import FilledPlaces
from pytorch_lightning import Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import HSTUModel, SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet
from rectools.models.nn.transformers.ligr import LiGRLayers
from training import Progress, Recipe, threads

MODELS = {"SASRec": SASRecModel, "HSTU": HSTUModel}
LAYERS = {"ligr": LiGRLayers}


@dataclass
class Rows:
    """The training rows as RecTools wants them, and what is held out to choose the epoch."""

    everything: Dataset
    kept: Dataset
    held: pd.DataFrame
    """user, item, datetime and weight of the held-out rows."""


def train(job: contract.Job) -> contract.Trained:
    """Train within the budget, keep the best epoch, rank from all the training rows."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(threads())
    recipe = Recipe.of(job)
    timed = recipe.model == "HSTU"
    if timed and job.asked_at is None:
        raise SystemExit("HSTU weighs time gaps: the split must say when lists are asked for")
    rows = rows_of(job, recipe, timed)
    model = model_of(recipe)
    progress = fit(job, recipe, model, rows, timed)

    def rank() -> contract.Ranked:
        context = _context(job.users, job.asked_at) if timed else None
        table = model.recommend(
            job.users,
            rows.everything,
            k=contract.DEPTH,
            filter_viewed=True,
            on_unsupported_targets="ignore",
            context=context,
        )
        users, items = table[Columns.User].to_numpy(), table[Columns.Item].to_numpy()
        ranks = table[Columns.Rank].to_numpy()
        return contract.Ranked(contract.lists_of(job, users, items, ranks))

    return contract.Trained(
        system=f"rectools {recipe.model}",
        version=f"rectools {version('rectools')}, torch {version('torch')}",
        rank=rank,
        epochs=progress.epoch,
        notes=progress.note(len(rows.held))
        + ("; told when each list is asked for" if timed else ""),
        earlier=progress.earlier,
    )


def fit(job: contract.Job, recipe: Recipe, model: Any, rows: Rows, timed: bool) -> Progress:
    """Epochs until the budget, the patience or the recipe's number of epochs is used up."""
    progress = Progress.begin(job, recipe)
    _seed(job.seed, -1)
    model.fit_partial(rows.kept, min_epochs=0, max_epochs=0)  # builds the network, trains nothing
    network, optimizer = model.lightning_model, model.lightning_model.configure_optimizers()
    progress.load(network.torch_model, optimizer)
    while progress.goes_on(recipe, job.budget_seconds):
        # every epoch draws from its own seed: a resumed run does not repeat the first draws
        _seed(job.seed, progress.epoch)
        network.is_fitted = progress.epoch > 0  # else the weights would be drawn anew
        start = time.perf_counter()
        model.fit_partial(rows.kept, min_epochs=1, max_epochs=1)
        recall = _recall(model, rows, timed)
        progress.after_epoch(network.torch_model, optimizer, recall, time.perf_counter() - start)
    progress.restore_best(network.torch_model)
    return progress


def rows_of(job: contract.Job, recipe: Recipe, timed: bool) -> Rows:
    """The training rows, and the last one of some users held out; in the order of the file."""
    split = job.split
    seconds = split.time if timed else np.arange(len(split.user))
    frame = pd.DataFrame(
        {
            Columns.User: split.user,
            Columns.Item: split.item,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(seconds, unit="s"),
        }
    )
    places = frame.groupby(Columns.User).cumcount(ascending=False).to_numpy()
    lengths = frame.groupby(Columns.User)[Columns.Item].transform("size").to_numpy()
    able = np.unique(split.user[lengths > 2])
    wanted = min(recipe.validation_users, len(able) // 2)
    chosen = np.random.default_rng(job.seed).choice(able, size=wanted, replace=False)
    held = (places == 0) & np.isin(split.user, chosen)
    return Rows(
        everything=Dataset.construct(frame),
        kept=Dataset.construct(frame[~held].reset_index(drop=True)),
        held=frame[held].reset_index(drop=True),
    )


def model_of(recipe: Recipe) -> Any:
    """RecTools' own model, with its loss computed at the filled places alone."""
    given = dict(recipe.parameters)
    if "transformer_layers_type" in given:
        given["transformer_layers_type"] = LAYERS[given["transformer_layers_type"]]
    return MODELS[recipe.model](
        item_net_block_types=(IdEmbeddingsItemNet,),
        lightning_module_type=FilledPlaces,
        get_trainer_func=quiet_trainer,
        **given,
    )


def quiet_trainer() -> Trainer:
    """One CPU device, nothing printed, nothing written: the loop above keeps the books."""
    return Trainer(
        accelerator="cpu",
        devices=1,
        deterministic=True,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
    )


def _recall(model: Any, rows: Rows, timed: bool) -> float:
    """Recall@10 of the held-out rows, over the whole catalogue, seen items masked."""
    if rows.held.empty:
        return 0.0
    held = rows.held
    context = held.drop(columns=[Columns.Item]) if timed else None
    table = model.recommend(
        held[Columns.User].to_numpy(),
        rows.kept,
        k=10,
        filter_viewed=True,
        on_unsupported_targets="ignore",
        context=context,
    )
    hits = table.merge(held, on=[Columns.User, Columns.Item])
    return len(hits) / len(held)


def _context(users: contract.Ints, asked_at: contract.Ints | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            Columns.User: users,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(asked_at, unit="s"),
        }
    )


def _seed(seed: int, epoch: int) -> None:
    torch.manual_seed(seed * 100_003 + epoch + 1)
    np.random.seed(seed * 100_003 + epoch + 1)  # RecTools draws negatives from it


if __name__ == "__main__":
    contract.serve(train)
