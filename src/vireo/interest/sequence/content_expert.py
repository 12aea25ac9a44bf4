"""The sequence expert over content: cold items are inputs and outputs of the network like others.

An item embedding is a trained projection of the video's frozen features, plus an ID embedding of
bounded norm. The ID embedding of a video with k users is weighted by
k / (k + content_prior_users).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from safetensors.numpy import save_file

from vireo.arrays import Floats, Ints
from vireo.artifacts.tensor_files import read_arrays
from vireo.engine.base import Context
from vireo.interest.base import InterestSection, SequenceContentSection, SequenceSection, Training
from vireo.interest.sequence.expert import Sequence
from vireo.interest.sequence.features import features
from vireo.interest.sequence.windows import PER_VIDEO, Windows

if TYPE_CHECKING:
    from vireo.interest.sequence.network import SequenceNetwork

_TRAINED = "trained.safetensors"
_CONTENT_LAYERS = ("content_projection.", "content_bias.")


@dataclass(frozen=True)
class SequenceContent(Sequence):
    """A trained content network, as a sequence network with an embedding for every video."""

    name: ClassVar[str] = "sequence-content"
    trained_arrays: dict[str, Floats] = field(default_factory=dict)
    """The content network's arrays, for a warm start; ID parts have a row per video."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        if not training.has_content[training.warm].any():
            return cls._untrained(training, cls._settings(section))
        return super().fit(training, section, context)

    @classmethod
    def _settings(cls, section: InterestSection) -> SequenceContentSection:
        return section.sequence_content

    @classmethod
    def _initial_network(
        cls,
        training: Training,
        videos: Ints,
        windows: Windows,
        settings: SequenceSection,
        seed: int,
        previous: Self | None,
    ) -> SequenceNetwork:
        from vireo.interest.sequence.build_network import (
            build_content_network,
            init_content_projection,
            init_embeddings,
            tensors,
        )

        assert isinstance(settings, SequenceContentSection)
        rows = features(training)[videos]
        network = build_content_network(settings, rows, seed)
        if previous is not None:
            per_video = {name: previous.trained_arrays[name][videos] for name in PER_VIDEO}
            arrays = {**previous.trained_arrays, **per_video}
            network.load_state_dict(tensors(arrays))
        else:
            init_embeddings(network, windows, seed)
            init_content_projection(network, rows)
        return network

    @classmethod
    def _fitted(
        cls,
        arrays: dict[str, Floats],
        videos: Ints,
        training: Training,
        settings: SequenceSection,
        curve: tuple[dict[str, float], ...],
    ) -> Self:
        import torch

        from vireo.interest.sequence.build_network import build_content_network, tensors
        from vireo.interest.sequence.onnx_export import onnx_graph

        assert isinstance(settings, SequenceContentSection)
        rows = features(training)
        network = build_content_network(settings, rows[videos])
        network.load_state_dict(tensors(arrays))
        share = training.user_counts / (training.user_counts + settings.content_prior_users + 1e-9)
        with torch.inference_mode():
            catalogue = torch.from_numpy(rows)
            embeddings = network.content_embeddings(catalogue).numpy()
            biases = network.content_biases(catalogue).numpy()
            id_embeddings = network.id_embeddings().numpy()
        embeddings[videos] += share[videos, None] * id_embeddings
        biases[videos] += share[videos] * arrays["item_bias"]
        known = training.has_content.copy()
        known[videos] = True
        norms = np.where(known, np.linalg.norm(embeddings, axis=1), 0.0).astype(np.float32)
        plain = {n: array for n, array in arrays.items() if not n.startswith(_CONTENT_LAYERS)}
        plain["item_embedding.weight"] = embeddings.astype(np.float32)
        plain["item_bias"] = biases.astype(np.float32)
        per_video = {name: _scattered(arrays[name], videos, len(rows)) for name in PER_VIDEO}
        graph = onnx_graph(settings, plain)
        return cls(settings, plain, norms, curve, graph, trained_arrays={**arrays, **per_video})

    def save(self, directory: Path) -> None:
        super().save(directory)
        save_file(self.trained_arrays, directory / _TRAINED)

    @classmethod
    def load(cls, directory: Path) -> Self:
        loaded = super().load(directory)
        return replace(loaded, trained_arrays=read_arrays(directory / _TRAINED))


def _scattered(rows: Floats, videos: Ints, n_videos: int) -> Floats:
    """Rows of some videos -> rows of the catalogue; 0 for the others."""
    scattered = np.zeros((n_videos, *rows.shape[1:]), dtype=np.float32)
    scattered[videos] = rows
    return scattered
