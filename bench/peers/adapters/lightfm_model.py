"""LightFM with the WARP loss; with `terms`, items are also the sum of the words that weigh most.

With words an item that nobody has met can be ranked: it is then the sum of its words alone, since
the row of its id was never trained. Settings: `no_components`, `epochs`, `terms` (0: ids alone).
"""

from __future__ import annotations

import os
import time
from importlib.metadata import version

import contract
import numpy as np
from lightfm import LightFM
from scipy.sparse import coo_matrix, csr_matrix, diags, hstack, identity
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize


def train(job: contract.Job) -> contract.Trained:
    """Epochs of WARP until their number or the budget is used up."""
    options = dict(job.settings)
    terms, epochs = int(options.pop("terms", 0)), int(options.pop("epochs"))
    threads = int(os.environ.get("OMP_NUM_THREADS", "2"))
    split = job.split
    rows = coo_matrix(
        (split.value.astype(np.float32), (split.user, split.item)),
        shape=(split.n_users, split.n_items),
    )
    features = _features(split, terms) if terms else None
    model = LightFM(loss="warp", random_state=job.seed, **options)
    start, done = time.perf_counter(), 0
    while done < epochs and (time.perf_counter() - start) * (done + 1) <= job.budget_seconds * max(
        done, 1
    ):
        model.fit_partial(rows, item_features=features, epochs=1, num_threads=threads)
        done += 1
    user_biases, user_factors = model.get_user_representations()
    item_biases, item_factors = model.get_item_representations(_for_scoring(split, features))

    def score(users: contract.Ints) -> np.ndarray:
        scores = user_factors[users] @ item_factors.T + item_biases + user_biases[users, None]
        return scores if terms else contract.without_cold(job, scores)

    return contract.Trained(
        "lightfm",
        f"lightfm {version('lightfm')}",
        lambda: contract.rank_scores(job, score, cold=bool(terms)),
        epochs=done,
        notes=f"{features.shape[1] - split.n_items} words" if features is not None else "",
    )


def _features(split: contract.Split, terms: int) -> csr_matrix:
    """(items, items + words) an id column each, and the `terms` heaviest words of each item."""
    words = TfidfVectorizer(
        stop_words="english", sublinear_tf=True, min_df=3, max_df=0.5, dtype=np.float32
    )
    weights = words.fit_transform(contract.item_texts(split)).tocsr()
    for row in range(weights.shape[0]):
        held = weights.data[weights.indptr[row] : weights.indptr[row + 1]]
        if len(held) > terms:
            held[held < np.partition(held, -terms)[-terms]] = 0.0
    weights.eliminate_zeros()
    return hstack([identity(split.n_items, dtype=np.float32), normalize(weights)]).tocsr()


def _for_scoring(split: contract.Split, features: csr_matrix | None) -> csr_matrix | None:
    """The features without the ids that training never met: their rows are random."""
    if features is None:
        return None
    met = np.bincount(split.item, minlength=split.n_items) > 0
    ids = diags(met.astype(np.float32))
    return hstack([ids, features[:, split.n_items :]]).tocsr()


if __name__ == "__main__":
    contract.serve(train)
