"""EASE (Steck 2019) by RecTools: an item-item model in closed form. Settings: `regularization`."""

from __future__ import annotations

import warnings
from importlib.metadata import version

import contract
import numpy as np
import pandas as pd
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel


def train(job: contract.Job) -> contract.Trained:
    """Invert the Gram matrix of the training rows."""
    warnings.filterwarnings("ignore")
    split = job.split
    frame = pd.DataFrame(
        {
            Columns.User: split.user,
            Columns.Item: split.item,
            Columns.Weight: split.value,
            Columns.Datetime: pd.to_datetime(np.arange(len(split.user)), unit="s"),
        }
    )
    dataset = Dataset.construct(frame)
    model = EASEModel(recommend_use_gpu_ranking=False, **job.settings)
    model.fit(dataset)

    def rank() -> contract.Ranked:
        table = model.recommend(
            job.users,
            dataset,
            k=contract.DEPTH,
            filter_viewed=True,
            on_unsupported_targets="ignore",
        )
        users, items = table[Columns.User].to_numpy(), table[Columns.Item].to_numpy()
        return contract.Ranked(contract.lists_of(job, users, items, table[Columns.Rank].to_numpy()))

    return contract.Trained("rectools EASE", f"rectools {version('rectools')}", rank)


if __name__ == "__main__":
    contract.serve(train)
