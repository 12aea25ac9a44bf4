"""A trained sequence network -> its ONNX graph, which serving runs without torch."""

from __future__ import annotations

import io
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from vireo.arrays import Floats
from vireo.interest.base import SequenceSection
from vireo.interest.sequence.build_network import build_sequence_network, tensors
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.windows import PER_VIDEO

_OPSET = 17


def onnx_graph(settings: SequenceSection, arrays: dict[str, Floats]) -> bytes:
    """The graph of `SequenceNetwork.encode`; equal arrays give equal bytes.

    Inputs: embeddings (b, l, d) float32, gaps (b, l) and positions (b,) int64. Output: states
    (b, d). The item embeddings are an input, so the graph does not grow with the catalogue.
    """
    network = build_sequence_network(settings, n_videos=1)
    single = {name: arrays[name][:1] for name in PER_VIDEO}
    network.load_state_dict(tensors({**arrays, **single}))
    file = io.BytesIO()
    names = ("embeddings", "gaps", "positions")
    length = 2  # the least that max_length allows; batch and length are free in the graph
    example = (
        torch.zeros(3, length, network.dimension),
        torch.zeros(3, length, dtype=torch.int64),
        torch.zeros(3, dtype=torch.int64),
    )
    torch.onnx.utils.register_custom_op_symbolic("aten::rms_norm", _rms_norm, _OPSET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an exporter whose successor needs onnxscript
        torch.onnx.export(
            _Encode(network).eval(),
            example,
            file,  # type: ignore[arg-type]  # it takes files, too
            input_names=names,
            output_names=("states",),
            dynamic_axes={
                "embeddings": {0: "batch", 1: "length"},
                "gaps": {0: "batch", 1: "length"},
                "positions": {0: "batch"},
                "states": {0: "batch"},
            },
            opset_version=_OPSET,
            dynamo=False,
        )
    return file.getvalue()


class _Encode(nn.Module):
    """`SequenceNetwork.encode` as `forward`, which the exporter traces."""

    def __init__(self, network: SequenceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, embeddings: Tensor, gaps: Tensor, positions: Tensor) -> Tensor:
        return self.network.encode(embeddings, gaps, positions)


def _rms_norm(graph: Any, x: Any, _shape: Any, weight: Any, _eps: Any) -> Any:
    """nn.RMSNorm in operators of opset 17, in the pattern that ONNX Runtime fuses into one.

    The exporter has no translation of its own. eps is that of nn.RMSNorm's default in float32.
    """
    two = graph.op("Constant", value_t=torch.tensor(2.0))
    eps = graph.op("Constant", value_t=torch.tensor(torch.finfo(torch.float32).eps))
    mean_square = graph.op("ReduceMean", graph.op("Pow", x, two), axes_i=[-1], keepdims_i=1)
    root = graph.op("Sqrt", graph.op("Add", mean_square, eps))
    return graph.op("Mul", graph.op("Div", x, root), weight)
