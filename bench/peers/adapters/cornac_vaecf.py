"""Mult-VAE (Liang et al. 2018) by Cornac's VAECF. Settings: its options; `n_epochs` at most."""

from __future__ import annotations

import os
import time
from importlib.metadata import version

import contract
import numpy as np
import torch
from cornac.data import Dataset
from cornac.models import VAECF


def train(job: contract.Job) -> contract.Trained:
    """As many epochs as fit into the budget, which two epochs at the start measure."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    split, options = job.split, dict(job.settings)
    most = int(options.pop("n_epochs"))
    # Cornac counts users and items in the order of first appearance: the maps lead back
    pairs = zip(split.user.tolist(), split.item.tolist(), strict=True)
    triplets = [(user, item, 1.0) for user, item in pairs]
    data = Dataset.from_uir(triplets, seed=job.seed)
    trial = time.perf_counter()
    VAECF(n_epochs=2, seed=job.seed, **options).fit(data)
    per_epoch = (time.perf_counter() - trial) / 2
    epochs = max(1, min(most, int((job.budget_seconds - 2 * per_epoch) / per_epoch)))
    model = VAECF(n_epochs=epochs, seed=job.seed, **options).fit(data)
    columns = np.array(list(data.iid_map), dtype=np.int64)

    def score(users: contract.Ints) -> np.ndarray:
        scores = np.full((len(users), split.n_items), -np.inf)
        for row, user in enumerate(users.tolist()):
            if user in data.uid_map:
                scores[row, columns] = model.score(data.uid_map[user])
        return scores

    return contract.Trained(
        "cornac VAECF",
        f"cornac {version('cornac')}, torch {version('torch')}",
        lambda: contract.rank_scores(job, score),
        epochs=epochs,
        notes=f"{epochs} of {most} epochs fitted into the budget" if epochs < most else "",
    )


if __name__ == "__main__":
    contract.serve(train)
