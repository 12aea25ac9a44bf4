"""The network in NumPy says what the network in torch says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vireo.arrays import Floats
from vireo.interest.sequence.expert import SIZES
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.network import gap_buckets as buckets_of_torch
from vireo.interest.sequence.numpy_inference import GAPS, NumpyNetwork, gap_buckets

LENGTH = 60


def network(size: str, gated: bool) -> SequenceNetwork:
    """Every weight drawn, none at its start."""
    torch.manual_seed(3)
    dimension, blocks, heads = SIZES[size]
    made = SequenceNetwork(500, dimension, blocks, heads, 0.3, LENGTH, gated).eval()
    with torch.no_grad():
        for name, weights in made.named_parameters():
            if weights.dim() == 1 and name != "bias":
                weights.uniform_(0.4, 1.8)
        made.gaps.weight.normal_()
    return made


def arrays_of(made: SequenceNetwork) -> dict[str, Floats]:
    return {name: tensor.numpy() for name, tensor in made.state_dict().items()}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gated", [True, False])
def test_it_ends_where_the_network_ends(size: str, gated: bool) -> None:
    made, random = network(size, gated), np.random.default_rng(1)
    reader = NumpyNetwork.of(arrays_of(made), SIZES[size][2], LENGTH)
    for length in (1, 2, 7, LENGTH):
        videos, gaps = random.integers(0, 500, length), random.integers(0, GAPS, length)
        with torch.inference_mode():
            every = made.states(torch.from_numpy(videos)[None], torch.from_numpy(gaps)[None])
        found = reader.state(videos, gaps)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, every[0, -1].numpy(), rtol=2e-4, atol=2e-5)


def test_a_gate_that_is_far_from_zero_overflows_nowhere() -> None:
    made = network("small", True)
    with torch.no_grad():
        for weights in made.blocks.parameters():
            if weights.dim() == 2:
                weights.mul_(300.0)
    reader = NumpyNetwork.of(arrays_of(made), 2, LENGTH)
    found = reader.state(np.arange(9), np.zeros(9, dtype=np.int64))
    assert np.isfinite(found).all()


def test_buckets_of_time_are_those_that_were_learnt_from() -> None:
    milliseconds = np.array([-1, 0, 999, 1_000, 3_000, 60_000, 86_400_000, 10**13])
    seconds = torch.from_numpy(np.where(milliseconds < 0, -1.0, milliseconds / 1000.0))
    assert gap_buckets(milliseconds).tolist() == buckets_of_torch(seconds).tolist()
