"""LensKit: item-kNN and implicit matrix factorisation. Settings: `model` + its options."""

from __future__ import annotations

import warnings
from importlib.metadata import version

import contract
import numpy as np
import pandas as pd
from lenskit.als import ImplicitMFConfig, ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import ItemKNNConfig, ItemKNNScorer
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions

MODELS = {
    "item-knn": (ItemKNNScorer, ItemKNNConfig),
    "implicit-mf": (ImplicitMFScorer, ImplicitMFConfig),
}


def train(job: contract.Job) -> contract.Trained:
    """Train a top-n pipeline around the named scorer."""
    warnings.filterwarnings("ignore")
    options = dict(job.settings)
    name = options.pop("model")
    scorer, config = MODELS[name]
    split = job.split
    frame = pd.DataFrame({"user_id": split.user, "item_id": split.item}).drop_duplicates()
    data = from_interactions_df(frame)
    pipeline = topn_pipeline(scorer(config(**options)), n=contract.DEPTH)
    pipeline.train(data, TrainingOptions(rng=job.seed))

    def rank() -> contract.Ranked:
        lists = recommend(pipeline, job.users.tolist(), n=contract.DEPTH, n_jobs=1)
        places = np.full((len(job.users), contract.DEPTH), -1, dtype=np.int64)
        row_of = {int(user): row for row, user in enumerate(job.users)}
        for key, ranked in lists.items():
            items = np.asarray(ranked.ids(), dtype=np.int64)[: contract.DEPTH]
            places[row_of[int(key.user_id)], : len(items)] = items
        return contract.Ranked(contract.tidy(job, places, places >= 0))

    return contract.Trained(f"lenskit {name}", f"lenskit {version('lenskit')}", rank)


if __name__ == "__main__":
    contract.serve(train)
