"""The library `implicit`: ALS, BPR, item-kNN by BM25. Settings: `model` + its options."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # ALS slows down many times where BLAS threads compete

from importlib.metadata import version

import contract
import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender
from scipy.sparse import csr_matrix

MODELS = {
    "als": AlternatingLeastSquares,
    "bpr": BayesianPersonalizedRanking,
    "bm25": BM25Recommender,
}


def train(job: contract.Job) -> contract.Trained:
    """Fit the named model on the training rows' weights."""
    options = dict(job.settings)
    name = options.pop("model")
    threads = int(os.environ.get("OMP_NUM_THREADS", "2"))
    if name != "bm25":
        options["random_state"] = job.seed
    model = MODELS[name](num_threads=threads, **options)
    split = job.split
    rows = csr_matrix(
        (split.value.astype(np.float32), (split.user, split.item)),
        shape=(split.n_users, split.n_items),
    )
    model.fit(rows, show_progress=False)

    def rank() -> contract.Ranked:
        items, scores = model.recommend(
            job.users, rows[job.users], N=contract.DEPTH, filter_already_liked_items=True
        )
        return contract.Ranked(contract.tidy(job, items, np.asarray(scores) > _floor(name)))

    return contract.Trained(f"implicit {name}", f"implicit {version('implicit')}", rank)


def _floor(name: str) -> float:
    """Scores at or below this stand for "nothing known" (implicit fills short lists up)."""
    return 0.0 if name == "bm25" else -1e30


if __name__ == "__main__":
    contract.serve(train)
