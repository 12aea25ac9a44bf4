"""Starting vectors in closed form: videos that stand near each other point the same way.

Eigenvectors of the positive pointwise mutual information of videos that follow one another
(Levy and Goldberg 2014 showed that word2vec factorises such a matrix). A network that starts here
needs a fraction of the steps of one that starts from noise.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from vireo.arrays import Doubles, Floats, Ints

_SPAN = 6.0
_LONGEST = 40
_EXTRA = 30
_ROUNDS = 4


def starting_vectors(
    users: Ints, videos: Ints, n_videos: int, dimension: int, seed: int
) -> tuple[Floats, Floats]:
    """Events in order, user by user -> (n, d) unit rows (noise where nothing is known) and (n,)
    half the log frequency, centred."""
    near = _nearness(users, videos, n_videos)
    frequency = np.asarray(near.sum(axis=1)).ravel()
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_videos, dimension)) / np.sqrt(dimension)
    found = _leading(_information(near, frequency), dimension, rng)
    known = np.linalg.norm(found, axis=1) > 0
    vectors[known, : found.shape[1]] = found[known]
    vectors[known, found.shape[1] :] = 0.0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    logs = np.log1p(np.bincount(videos, minlength=n_videos))
    return vectors.astype(np.float32), (0.5 * (logs - logs.mean())).astype(np.float32)


def _nearness(users: Ints, videos: Ints, n_videos: int) -> sparse.csr_matrix:
    """How often two videos stand near each other, faded by their distance; symmetric. (n, n)"""
    shape = (n_videos, n_videos)
    near = sparse.csr_matrix(shape, dtype=np.float64)
    for lag in range(1, min(_LONGEST, len(videos))):
        same = users[:-lag] == users[lag:]
        pairs = (videos[:-lag][same], videos[lag:][same])
        amounts = np.full(int(same.sum()), np.exp(-(lag - 1) / _SPAN))
        near = near + sparse.csr_matrix((amounts, pairs), shape=shape)
    near = sparse.csr_matrix(near + near.T)
    near.setdiag(0.0)
    near.eliminate_zeros()
    return near


def _information(near: sparse.csr_matrix, frequency: Doubles) -> sparse.csr_matrix:
    """Positive pointwise mutual information of the pairs. (n, n)"""
    pairs = near.tocoo()
    expected = frequency[pairs.row] * frequency[pairs.col] / max(frequency.sum(), 1e-12)
    values = np.maximum(np.log(pairs.data / np.maximum(expected, 1e-12)), 0.0)
    return sparse.csr_matrix((values, (pairs.row, pairs.col)), shape=near.shape)


def _leading(matrix: sparse.csr_matrix, dimension: int, rng: np.random.Generator) -> Doubles:
    """Leading eigenvectors times the root of their values, by subspace iteration
    (Halko et al. 2011). (n, min(n, d))"""
    width = min(matrix.shape[0], dimension + _EXTRA)
    if width == 0 or matrix.nnz == 0:
        return np.zeros((matrix.shape[0], 0))
    basis, _ = np.linalg.qr(rng.normal(size=(matrix.shape[0], width)))
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(matrix @ basis)
    values, axes = np.linalg.eigh(basis.T @ (matrix @ basis))
    order = np.argsort(-np.abs(values), kind="stable")[:dimension]
    vectors: Doubles = (basis @ axes[:, order]) * np.sqrt(np.abs(values[order]))
    return vectors
