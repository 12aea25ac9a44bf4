"""Networks of the configured size: new ones, and their initial embeddings."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vireo.arrays import Floats
from vireo.interest.base import SequenceContentSection, SequenceSection
from vireo.interest.sequence.cold_embeddings import ridge_regression
from vireo.interest.sequence.content_network import ContentNetwork
from vireo.interest.sequence.embedding_init import initial_embeddings
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.windows import Windows

SIZES = {"small": (64, 2, 2), "medium": (128, 2, 4), "large": (256, 4, 8)}
"""Dimension, blocks, heads."""


def build_sequence_network(
    settings: SequenceSection, n_videos: int, seed: int = 0
) -> SequenceNetwork:
    """A sequence network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SequenceNetwork(n_videos, *network_shape(settings))


def build_content_network(
    settings: SequenceContentSection, features: Floats, seed: int = 0
) -> ContentNetwork:
    """A network over the features (n, k) of its videos, with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ContentNetwork(
            torch.from_numpy(features),
            settings.max_id_norm,
            settings.id_dropout,
            *network_shape(settings),
        )


def network_shape(settings: SequenceSection) -> tuple[int, int, int, float, int, bool]:
    """Dimension, blocks, heads, dropout, maximum length, gated."""
    return *SIZES[settings.size], settings.dropout, settings.max_length, settings.attention_gate


def init_embeddings(network: SequenceNetwork, windows: Windows, seed: int) -> None:
    """Set item embeddings and biases to those of `embedding_init`, in place."""
    embeddings, biases = initial_embeddings(
        windows.users, windows.videos, len(network.item_bias), network.dimension, seed
    )
    with torch.no_grad():
        network.item_embedding.weight.copy_(torch.from_numpy(embeddings))
        network.item_bias.copy_(torch.from_numpy(biases))


def init_content_projection(network: ContentNetwork, features: Floats) -> None:
    """Split the initial embeddings, in place: content part by regression, the rest is the ID part.

    Nothing changes where too few videos have features.
    """
    initial = np.hstack(
        [network.item_embedding.weight.detach().numpy(), network.item_bias.detach()[:, None]]
    )
    fitted = ridge_regression(features, initial, np.asarray(features.any(axis=1)))
    if fitted is None:
        return
    weights, intercepts = fitted
    with torch.no_grad():
        network.content_projection.weight.copy_(torch.from_numpy(weights[:, :-1].T))
        network.content_projection.bias.copy_(torch.from_numpy(intercepts[:-1]))
        network.content_bias.weight.copy_(torch.from_numpy(weights[:, -1:].T))
        network.content_bias.bias.copy_(torch.from_numpy(intercepts[-1:]))
        network.item_embedding.weight.sub_(network.content_embeddings(network.features))
        network.item_bias.sub_(network.content_biases(network.features))


def tensors(arrays: dict[str, Floats]) -> dict[str, Tensor]:
    """Copies of the arrays, for `load_state_dict`."""
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
