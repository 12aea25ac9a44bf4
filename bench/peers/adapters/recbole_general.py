"""RecBole's general recommenders (BPR, LightGCN), chosen by name. Settings: `model` + its options.

The last training row of each user (of two or more) is RecBole's validation (`LS: valid_only`): the
epoch with the best validation is kept. Ends with the budget or RecBole's own early stopping.
"""

from __future__ import annotations

import os

os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # RecBole 1.2.1 reads its own files so

import logging
import tempfile
import time
import warnings
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import contract
import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed


class Enough(Exception):
    """The budget is used up."""


def train(job: contract.Job) -> contract.Trained:
    """Train on the split's rows, written out in RecBole's own file format."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.INFO)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    with tempfile.TemporaryDirectory() as folder:
        return _train(job, Path(folder))


def _train(job: contract.Job, folder: Path) -> contract.Trained:
    options = dict(job.settings)
    name = options.pop("model")
    config = Config(model=name, dataset="split", config_dict=_config(job, folder, options))
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    training, validation, _ = data_preparation(config, dataset)
    model = get_model(name)(config, training.dataset)
    trainer = get_trainer(config["MODEL_TYPE"], name)(config, model)
    best: dict[str, Any] = {"score": -np.inf, "epoch": 0, "state": None}
    start = time.perf_counter()

    def after(epoch: int, score: float) -> None:
        best["epochs"] = epoch + 1
        if score > best["score"]:
            best.update(score=score, epoch=epoch + 1, state=deepcopy(model.state_dict()))
        contract.progress(f"epoch {epoch + 1}: validation {score:.4f}")
        spent = time.perf_counter() - start
        if spent * (epoch + 2) / (epoch + 1) > job.budget_seconds:
            raise Enough

    ended = "RecBole's early stopping or number of epochs"
    try:
        trainer.fit(training, validation, saved=False, show_progress=False, callback_fn=after)
    except Enough:
        ended = f"the budget of {job.budget_seconds:.0f} s"
    model.load_state_dict(best["state"])
    model.restore_user_e = model.restore_item_e = None  # LightGCN's memory of the last epoch
    model.eval()
    return contract.Trained(
        f"recbole {name}",
        f"recbole {version('recbole')}, torch {version('torch')}",
        lambda: contract.rank_scores(job, _scorer(job, model, dataset)),
        epochs=best["epochs"],
        notes=f"best of {best['epochs']} epochs: {best['epoch']}; ended by {ended}",
    )


def _config(job: contract.Job, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    place = folder / "split"
    place.mkdir()
    rows = zip(job.split.user.tolist(), job.split.item.tolist(), strict=True)
    lines = (f"{user}\t{item}\t{at}\n" for at, (user, item) in enumerate(rows))
    with (place / "split.inter").open("w", encoding="ascii") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        file.writelines(lines)
    return {
        "data_path": str(folder),
        "checkpoint_dir": str(folder),
        "seed": job.seed,
        "use_gpu": False,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {
            "split": {"LS": "valid_only"},
            "order": "TO",
            "group_by": "user",
            "mode": "full",
        },
        "metrics": ["NDCG"],
        "topk": [10],
        "valid_metric": "NDCG@10",
        "show_progress": False,
        **options,
    }


def _scorer(job: contract.Job, model: Any, dataset: Any) -> Any:
    tokens = dataset.field2id_token["item_id"]
    columns = np.array([int(token) for token in tokens[1:]], dtype=np.int64)
    rows = {int(token): row for row, token in enumerate(dataset.field2id_token["user_id"]) if row}

    def score(users: contract.Ints) -> np.ndarray:
        scores = np.full((len(users), job.split.n_items), -np.inf)
        known = [place for place, user in enumerate(users.tolist()) if user in rows]
        asked = torch.tensor([rows[int(users[place])] for place in known])
        with torch.no_grad():
            found = model.full_sort_predict({"user_id": asked}).view(len(known), -1).numpy()
        scores[np.ix_(known, columns)] = found[:, 1:]
        return scores

    return score


if __name__ == "__main__":
    contract.serve(train)
