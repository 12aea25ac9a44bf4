"""Networks on ONNX Runtime, exported from torch or given as a file."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.errors import InputError, MissingLibrary, VireoError
from vireo.language.hf_directory import load_network
from vireo.language.torch_network import pooled

METHOD = "eager attention, masked mean, opset 17, 1"
"""Names the export: change it with the code below."""
_OPSET = 17
_KNOWN = ("input_ids", "attention_mask", "token_type_ids", "position_ids")


class NotExported(VireoError):
    """The network, or this installation, does not allow an export."""


class OnnxNetwork:
    """A file with the inputs of a text encoder, on as many threads as torch would take.

    The first output of shape (b, d) is taken for the vectors, else the first of shape (b, t, d),
    whose masked mean is.
    """

    def __init__(self, path: Path) -> None:
        """Raises InputError for a file that is no text encoder in ONNX's format."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
        # threads that spin while they wait take processor time from other work
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what fails is raised
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library raises exceptions of many kinds
            raise _refused(path, _first_line(error)) from None
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        if "input_ids" not in self._inputs or not set(self._inputs) <= set(_KNOWN):
            raise _refused(path, f"its inputs are {', '.join(self._inputs)}")
        ranks = {entry.name: len(entry.shape) for entry in self._session.get_outputs()}
        flat = [name for name, rank in ranks.items() if rank == 2]
        deep = [name for name, rank in ranks.items() if rank == 3]
        if not flat and not deep:
            raise _refused(path, "it gives neither (texts, d) nor (texts, tokens, d)")
        self._output = (flat or deep)[0]
        self._pools = not flat

    def __call__(self, ids: Ints, mask: Bools) -> Floats:
        inputs: dict[str, Any] = {"input_ids": ids}
        if "attention_mask" in self._inputs:
            inputs["attention_mask"] = mask.astype(np.int64)
        if "token_type_ids" in self._inputs:
            inputs["token_type_ids"] = np.zeros_like(ids)
        if "position_ids" in self._inputs:
            inputs["position_ids"] = np.broadcast_to(np.arange(ids.shape[1]), ids.shape).copy()
        try:
            (found,) = self._session.run([self._output], inputs)
        except Exception as error:  # the library raises exceptions of many kinds
            raise VireoError(
                f"The language model could not read {ids.shape[1]} tokens: {_first_line(error)}",
                "If it has fewer places, set language.max_tokens to their number.",
            ) from None
        if self._pools:
            weight = mask[:, :, None].astype(np.float32)
            found = (found * weight).sum(1) / weight.sum(1)
        vectors: Floats = np.asarray(found, dtype=np.float32)
        return vectors


def export(directory: Path, path: Path, int8: bool = False) -> None:
    """Write the network of a Hugging Face directory as ONNX, its masked mean included.

    With `int8` weights become 8-bit numbers per channel, and products are rounded as they come.
    Raises NotExported where the network or the installation does not allow it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.part")  # another process may export it, too
    try:
        import onnx  # noqa: F401 - torch's exporter needs it, and says so only half-way

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an exporter that will be replaced
            _export(directory, half)
            if int8:
                _quantise(half)
    except ImportError:
        raise NotExported(
            "The library onnx, which exports a language model, is not installed.",
            'pip install onnx, or set language.runtime = "torch".',
        ) from None
    except (InputError, MissingLibrary):
        raise
    except Exception as error:  # every architecture fails in its own way
        raise NotExported(
            f"{directory} cannot be exported: {type(error).__name__}: {error}",
            'Set language.runtime = "torch" and another language.precision than int8.',
        ) from None
    half.replace(path)


def _export(directory: Path, path: Path) -> None:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = load_network(directory)
            # its products are fused by the runtime; torch's own attention is spelled otherwise
            self.network.set_attn_implementation("eager")

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            return pooled(self.network, input_ids, attention_mask.bool())

    ids = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "texts", 1: "tokens"} for name in names} | {"vectors": {0: "texts"}}
    torch.onnx.export(
        Pooled().eval(),
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=names,
        output_names=["vectors"],
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )


def _quantise(path: Path) -> None:
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_suffix(".whole")
    path.rename(whole)
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # advice that does not apply to dynamic quantisation
    try:
        quantize_dynamic(whole, path, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.root.setLevel(level)
        whole.unlink()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _refused(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is not a text encoder that Vireo can run: {why}.",
        "Give an ONNX file with the inputs input_ids and attention_mask, and its tokenizer.json "
        'beside it, or set language.model = "minilm".',
    )
