"""Initial item embeddings in closed form: eigenvectors of the PPMI matrix of co-occurrences.

Positive pointwise mutual information of videos that follow one another; word2vec factorizes such a
matrix (Levy and Goldberg 2014). From here a network needs a fraction of the steps that it needs
from random embeddings.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from vireo.arrays import Doubles, Floats, Ints

_DECAY_LENGTH = 6.0
"""Lag after which a co-occurrence counts 1/e."""
_MAX_LAG = 40
_OVERSAMPLING = 30
_ITERATIONS = 4


def initial_embeddings(
    users: Ints, videos: Ints, n_videos: int, dimension: int, seed: int
) -> tuple[Floats, Floats]:
    """Events in order, user by user -> unit rows (n, d) and biases (n,).

    A video without co-occurrences gets a random row. Biases are half the centered log counts.
    """
    counts = _cooccurrences(users, videos, n_videos)
    frequencies = np.asarray(counts.sum(axis=1)).ravel()
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(n_videos, dimension)) / np.sqrt(dimension)
    found = _eigenvectors(_ppmi(counts, frequencies), dimension, rng)
    known = np.linalg.norm(found, axis=1) > 0
    embeddings[known, : found.shape[1]] = found[known]
    embeddings[known, found.shape[1] :] = 0.0
    embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    logs = np.log1p(np.bincount(videos, minlength=n_videos))
    return embeddings.astype(np.float32), (0.5 * (logs - logs.mean())).astype(np.float32)


def _cooccurrences(users: Ints, videos: Ints, n_videos: int) -> sparse.csr_matrix:
    """Symmetric counts within a history, decayed by the lag; diagonal 0. (n, n)"""
    shape = (n_videos, n_videos)
    counts = sparse.csr_matrix(shape, dtype=np.float64)
    for lag in range(1, min(_MAX_LAG, len(videos))):
        same_user = users[:-lag] == users[lag:]
        pairs = (videos[:-lag][same_user], videos[lag:][same_user])
        amounts = np.full(int(same_user.sum()), np.exp(-(lag - 1) / _DECAY_LENGTH))
        counts = counts + sparse.csr_matrix((amounts, pairs), shape=shape)
    counts = sparse.csr_matrix(counts + counts.T)
    counts.setdiag(0.0)
    counts.eliminate_zeros()
    return counts


def _ppmi(counts: sparse.csr_matrix, frequencies: Doubles) -> sparse.csr_matrix:
    """Positive pointwise mutual information. (n, n)"""
    pairs = counts.tocoo()
    total = max(frequencies.sum(), 1e-12)
    expected = frequencies[pairs.row] * frequencies[pairs.col] / total
    values = np.maximum(np.log(pairs.data / np.maximum(expected, 1e-12)), 0.0)
    return sparse.csr_matrix((values, (pairs.row, pairs.col)), shape=counts.shape)


def _eigenvectors(matrix: sparse.csr_matrix, dimension: int, rng: np.random.Generator) -> Doubles:
    """Leading eigenvectors times the root of their absolute eigenvalues. (n, min(n, d))

    By randomized subspace iteration (Halko et al. 2011).
    """
    width = min(matrix.shape[0], dimension + _OVERSAMPLING)
    if width == 0 or matrix.nnz == 0:
        return np.zeros((matrix.shape[0], 0))
    basis, _ = np.linalg.qr(rng.normal(size=(matrix.shape[0], width)))
    for _ in range(_ITERATIONS):
        basis, _ = np.linalg.qr(matrix @ basis)
    values, axes = np.linalg.eigh(basis.T @ (matrix @ basis))
    order = np.argsort(-np.abs(values), kind="stable")[:dimension]
    vectors: Doubles = (basis @ axes[:, order]) * np.sqrt(np.abs(values[order]))
    return vectors
