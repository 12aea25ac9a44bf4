"""Inference on ONNX Runtime gives the states of the torch network, for one user and for many."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from vireo.arrays import Floats
from vireo.behavior.base import NO_TIME
from vireo.interest.base import SequenceSection
from vireo.interest.sequence.build_network import SIZES, build_sequence_network
from vireo.interest.sequence.expert import Sequence
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.onnx_export import onnx_graph
from vireo.interest.sequence.onnx_inference import HistoryEncoder
from vireo.interest.sequence.windows import PositiveEvents, gap_buckets

N_VIDEOS, LENGTH = 500, 60
SETTINGS = SequenceSection(max_length=LENGTH)


def random_network(settings: SequenceSection) -> SequenceNetwork:
    """Every weight is random, norms and gap embeddings too."""
    network = build_sequence_network(settings, N_VIDEOS, seed=3).eval()
    torch.manual_seed(4)
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if weights.dim() == 1 and name != "item_bias":
                weights.uniform_(0.4, 1.8)
        network.gap_embedding.weight.normal_()
    return network


def arrays_of(network: SequenceNetwork) -> dict[str, Floats]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def encoder_of(network: SequenceNetwork, settings: SequenceSection) -> HistoryEncoder:
    arrays = arrays_of(network)
    graph = onnx_graph(settings, arrays)
    table = arrays["item_embedding.weight"]
    return HistoryEncoder(graph, table, settings.max_length, settings.time_aware)


def random_events(lengths: list[int]) -> list[PositiveEvents]:
    rng = np.random.default_rng(1)
    return [(rng.integers(0, N_VIDEOS, n), np.cumsum(rng.integers(1, 10**8, n))) for n in lengths]


def torch_state(network: SequenceNetwork, events: PositiveEvents, query_time: int) -> Floats:
    """By `states` of all positions, without padding."""
    videos, times = events[0][-LENGTH:], events[1][-LENGTH:]
    gaps = gap_buckets(np.diff(np.append(times, query_time)), time_aware=True)
    with torch.inference_mode():
        states = network.states(torch.from_numpy(videos)[None], torch.from_numpy(gaps)[None])
    state: Floats = states[0, -1].numpy()
    return state


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gated", [True, False])
def test_states_are_those_of_the_torch_network(size: str, gated: bool) -> None:
    settings = SETTINGS.model_copy(update={"size": size, "attention_gate": gated})
    network = random_network(settings)
    encoder = encoder_of(network, settings)
    events = random_events([1, 2, 7, LENGTH, LENGTH + 40, 3, 5, 30])
    query_times = [int(times[-1]) + 5_000 for _, times in events]
    expected = [torch_state(network, *query) for query in zip(events, query_times, strict=True)]
    together = encoder.states(events, query_times)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, expected, rtol=2e-4, atol=2e-5)
    for row, (one, time) in enumerate(zip(events, query_times, strict=True)):
        alone = encoder.states([one], [time])
        np.testing.assert_allclose(alone[0], expected[row], rtol=2e-4, atol=2e-5)


def test_a_block_of_users_takes_several_runs_and_keeps_their_order() -> None:
    network = random_network(SETTINGS)
    encoder = encoder_of(network, SETTINGS)
    events = random_events([1 + 17 * row % LENGTH for row in range(150)])
    query_times = [int(times[-1]) + 5_000 for _, times in events]
    expected = [torch_state(network, *query) for query in zip(events, query_times, strict=True)]
    states = encoder.states(events, query_times)
    np.testing.assert_allclose(states, expected, rtol=2e-4, atol=2e-5)
    assert encoder.states([], []).shape == (0, states.shape[1])


def test_large_gates_do_not_overflow() -> None:
    network = random_network(SETTINGS)
    with torch.no_grad():
        for weights in network.blocks.parameters():
            if weights.dim() == 2:
                weights.mul_(300.0)
    states = encoder_of(network, SETTINGS).states(random_events([9]), [NO_TIME])
    assert np.isfinite(states).all()


def test_equal_arrays_give_equal_bytes_in_every_process() -> None:
    script = (
        "import hashlib\n"
        "from tests.interest.test_sequence_inference import *\n"
        "graph = onnx_graph(SETTINGS, arrays_of(random_network(SETTINGS)))\n"
        "print(hashlib.sha256(graph).hexdigest())\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    graph = onnx_graph(SETTINGS, arrays_of(random_network(SETTINGS)))
    assert hashlib.sha256(graph).hexdigest() == done.stdout.strip()
    assert str(root).encode() not in graph


def test_a_loaded_expert_scores_without_torch(tmp_path: Path) -> None:
    arrays = arrays_of(random_network(SETTINGS))
    norms = np.ones(N_VIDEOS, dtype=np.float32)
    expert = Sequence(SETTINGS, arrays, norms, graph=onnx_graph(SETTINGS, arrays))
    expert.save(tmp_path)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from vireo.behavior.base import History\n"
        "from vireo.interest.base import Batch\n"
        "from vireo.interest.sequence.expert import Sequence\n"
        "expert = Sequence.load(Path(sys.argv[1]))\n"
        "history = History(np.arange(5), np.ones(5, np.float32), np.arange(5))\n"
        f"scores = expert.score(Batch([history] * 3, 9, {N_VIDEOS}))\n"
        "assert scores.any()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
