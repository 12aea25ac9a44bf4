"""The sequence expert over content: the same transformer reads and points at what videos show, say
and are dated, so that a new video stands among the others without having been watched.

A video's vector is a trained map of its frozen features, plus a bounded part of its own that it
earns by being watched: alpha = k / (k + handover) of it for k viewers.
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
from vireo.interest.sequence.cold_embeddings import regression
from vireo.interest.sequence.expert import Sequence, shape_of, start, tensors
from vireo.interest.sequence.features import features
from vireo.interest.sequence.windows import Windows

if TYPE_CHECKING:
    from vireo.interest.sequence.content_network import ContentNetwork
    from vireo.interest.sequence.network import SequenceNetwork

_RAW = "own.safetensors"


@dataclass(frozen=True)
class SequenceContent(Sequence):
    """A trained network over content, laid out as if every video had a vector of its own."""

    name: ClassVar[str] = "sequence-content"
    raw: dict[str, Floats] = field(default_factory=dict)
    """The arrays as they were trained, own parts apart, for a training that goes on from here."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        if not training.has_content[training.warm].any():
            return cls._untrained(training, cls._settings(section))
        return super().fit(training, section, context)

    @classmethod
    def _settings(cls, section: InterestSection) -> SequenceContentSection:
        return section.sequence_content

    @classmethod
    def _begun(
        cls,
        training: Training,
        videos: Ints,
        windows: Windows,
        settings: SequenceSection,
        seed: int,
        before: Self | None,
    ) -> SequenceNetwork:
        assert isinstance(settings, SequenceContentSection)
        told = features(training)[videos]
        network = content_network(settings, told, seed)
        if before is not None:
            own = {name: before.raw[name][videos] for name in ("vectors.weight", "bias")}
            network.load_state_dict(tensors({**before.raw, **own}))
        else:
            start(network, windows, seed)
            _explain(network, told)
        return network

    @classmethod
    def _finished(
        cls,
        arrays: dict[str, Floats],
        videos: Ints,
        training: Training,
        settings: SequenceSection,
        curve: tuple[dict[str, float], ...],
    ) -> Self:
        import torch

        assert isinstance(settings, SequenceContentSection)
        told = features(training)
        network = content_network(settings, told[videos])
        network.load_state_dict(tensors(arrays))
        share = training.user_counts / (training.user_counts + settings.content_prior_users + 1e-9)
        with torch.inference_mode():
            every = torch.from_numpy(told)
            vectors, bias = network.from_content(every).numpy(), network.liking(every).numpy()
            own = network.own().numpy()
        raw = {
            name: _spread(arrays[name], videos, len(told)) for name in ("vectors.weight", "bias")
        }
        vectors[videos] += share[videos, None] * own
        bias[videos] += share[videos] * arrays["bias"]
        known = training.has_content.copy()
        known[videos] = True
        lengths = np.where(known, np.linalg.norm(vectors, axis=1), 0.0).astype(np.float32)
        alone = ("told.", "liked.")
        laid_out = {n: a for n, a in arrays.items() if not n.startswith(alone)}
        laid_out |= {"vectors.weight": vectors.astype(np.float32), "bias": bias.astype(np.float32)}
        return cls(settings, laid_out, lengths, curve, raw={**arrays, **raw})

    def save(self, directory: Path) -> None:
        super().save(directory)
        save_file(self.raw, directory / _RAW)

    @classmethod
    def load(cls, directory: Path) -> Self:
        laid_out = super().load(directory)
        return replace(laid_out, raw=read_arrays(directory / _RAW))


def content_network(
    settings: SequenceContentSection, told: Floats, seed: int = 0
) -> ContentNetwork:
    """A network over features (n, k), of the size that the settings ask for, from noise."""
    import torch

    from vireo.interest.sequence.content_network import ContentNetwork

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rows = torch.from_numpy(told)
        return ContentNetwork(rows, settings.max_id_norm, settings.id_dropout, *shape_of(settings))


def _explain(network: ContentNetwork, told: Floats) -> None:
    """The closed-form vectors as far as the features tell them; the rest is the videos' own."""
    import torch

    begun = np.hstack([network.vectors.weight.detach().numpy(), network.bias.detach()[:, None]])
    found = regression(told, begun, np.asarray(told.any(axis=1)))
    if found is None:
        return
    weights, base = found
    with torch.no_grad():
        network.told.weight.copy_(torch.from_numpy(weights[:, :-1].T))
        network.told.bias.copy_(torch.from_numpy(base[:-1]))
        network.liked.weight.copy_(torch.from_numpy(weights[:, -1:].T))
        network.liked.bias.copy_(torch.from_numpy(base[-1:]))
        network.vectors.weight.sub_(network.from_content(network.features))
        network.bias.sub_(network.liking(network.features))


def _spread(rows: Floats, videos: Ints, n: int) -> Floats:
    """Rows of the videos -> rows of the catalogue; zeros for the others."""
    wide = np.zeros((n, *rows.shape[1:]), dtype=np.float32)
    wide[videos] = rows
    return wide
