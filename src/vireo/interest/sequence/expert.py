"""The sequence expert: a causal transformer over the last positive interactions of a user.

The softmax covers videos with interactions only. Afterwards cold items get embeddings predicted
from their content, and items with few users a mixture of both (`cold_embeddings`), so that cold
items are ranked in the same list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from safetensors.numpy import save_file

from vireo.arrays import Bools, Floats, Ints
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, SequenceSection, Training
from vireo.interest.sequence.cold_embeddings import cold_item_embeddings
from vireo.interest.sequence.onnx_inference import HistoryEncoder
from vireo.interest.sequence.validation import ValidationQueries, held_out_users, no_users
from vireo.interest.sequence.windows import PER_VIDEO, Windows, positive_events, windows_of

if TYPE_CHECKING:
    from vireo.interest.sequence.network import SequenceNetwork
    from vireo.interest.sequence.trainer import TrainingResult

_TRAINING_THREADS = 2
"""Fixed, because rounding depends on it."""
_ARRAYS = "sequence.safetensors"
_GRAPH = "sequence.onnx"
_ABOUT = "sequence.json"


@dataclass(frozen=True)
class Sequence:
    """A trained sequence network, with an embedding for every video that can have one."""

    name: ClassVar[str] = "sequence"
    scores_cold_items: ClassVar[bool] = True
    slow: ClassVar[bool] = True
    warm_start: ClassVar[bool] = True
    """`fit` continues the training of `Training.before`."""
    settings: SequenceSection
    arrays: dict[str, Floats]
    """The network's arrays; item embeddings and biases have a row per video of the catalogue."""
    norms: Floats
    """(n,) of the item embeddings as they are scored; 0: no embedding."""
    curve: tuple[dict[str, float], ...] = ()
    """Per epoch: loss, and NDCG@10 where users were held out."""
    graph: bytes = field(default=b"", repr=False)
    """The network without its item embeddings, in ONNX: what inference runs."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        settings = cls._settings(section)
        previous = training.before.get(cls.name)
        previous = previous if isinstance(previous, cls) and previous.arrays else None
        videos = _videos_with_embedding(training, settings)
        table_rows = np.full(training.n_videos, -1, dtype=np.int64)
        table_rows[videos] = np.arange(len(videos))
        held_out = no_users()
        if previous is None:
            held_out = held_out_users(training, table_rows, context.seed)
        windows = windows_of(training.histories, table_rows, settings.max_length, held_out)
        if not windows.tokens:
            return cls._untrained(training, settings)
        with _training_threads():
            network = cls._initial_network(
                training, videos, windows, settings, context.seed, previous
            )
            queries = None
            if len(held_out):
                queries = ValidationQueries.of(training, table_rows, held_out)
            result = _train(cls.name, network, windows, queries, settings, context, previous)
        arrays = {name: np.ascontiguousarray(array) for name, array in result.arrays.items()}
        return cls._fitted(arrays, videos, training, settings, result.curve)

    @classmethod
    def _settings(cls, section: InterestSection) -> SequenceSection:
        return section.sequence

    @classmethod
    def _initial_network(
        cls,
        training: Training,  # noqa: ARG003  (for experts that read more of it)
        videos: Ints,
        windows: Windows,
        settings: SequenceSection,
        seed: int,
        previous: Self | None,
    ) -> SequenceNetwork:
        """The network before training: with closed-form embeddings, or the previous weights."""
        from vireo.interest.sequence.build_network import (
            build_sequence_network,
            init_embeddings,
            tensors,
        )

        network = build_sequence_network(settings, len(videos), seed)
        if previous is None:
            init_embeddings(network, windows, seed)
        else:
            per_video = {name: previous.arrays[name][videos] for name in PER_VIDEO}
            network.load_state_dict(tensors({**previous.arrays, **per_video}))
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
        """The expert over the whole catalogue, from the arrays of the trained network."""
        from vireo.interest.sequence.onnx_export import onnx_graph

        embeddings, biases, norms = cold_item_embeddings(arrays, videos, training, settings)
        arrays = {**arrays, "item_embedding.weight": embeddings, "item_bias": biases}
        return cls(settings, arrays, norms, curve, onnx_graph(settings, arrays))

    @classmethod
    def _untrained(cls, training: Training, settings: SequenceSection) -> Self:
        """No user has two positive interactions: all scores are 0."""
        return cls(settings, {}, np.zeros(training.n_videos, dtype=np.float32))

    def score(self, batch: Batch) -> Floats:
        return np.asarray(self.user_vectors(batch) @ self.vectors.T, dtype=np.float32)

    def user_vectors(self, batch: Batch) -> Floats:
        """The state after each history, and 1 for the item bias. (b, d + 1)

        Zeros for a user without positive events of videos that have an embedding.
        """
        users = np.zeros((len(batch.histories), self.vectors.shape[1]), dtype=np.float32)
        if not self._has_embedding.any():
            return users
        events = [positive_events(history, self._has_embedding) for history in batch.histories]
        rows = np.array([row for row, (videos, _) in enumerate(events) if len(videos)], np.int64)
        times = [batch.moments[row] for row in rows]
        users[rows, :-1] = self._encoder.states([events[row] for row in rows], times)
        users[rows, -1] = 1.0
        return users

    def shares(self, history: History) -> Floats | None:
        return None

    def contributions(self, history: History, video: int) -> Floats | None:
        return None

    def save(self, directory: Path) -> None:
        save_file({**self.arrays, "norms": self.norms}, directory / _ARRAYS)
        (directory / _GRAPH).write_bytes(self.graph)
        about = {"settings": self.settings.model_dump(), "curve": list(self.curve)}
        write_json(directory / _ABOUT, about)

    @classmethod
    def load(cls, directory: Path) -> Self:
        arrays = read_arrays(directory / _ARRAYS)
        about: dict[str, Any] = read_json(directory / _ABOUT) or {}
        settings = cls._settings(InterestSection()).model_validate(about["settings"])
        graph = (directory / _GRAPH).read_bytes()
        return cls(settings, arrays, arrays.pop("norms"), tuple(about["curve"]), graph)

    @cached_property
    def vectors(self) -> Floats:
        """Unit item embeddings with their biases. (n, d + 1)

        Without an embedding: zeros and the lowest bias.
        """
        known = self._has_embedding
        if not known.any():
            return np.zeros((len(known), 1), dtype=np.float32)
        table = self.arrays["item_embedding.weight"] / np.where(known, self.norms, 1.0)[:, None]
        biases = self.arrays["item_bias"]
        biases = np.where(known, biases, biases[known].min())
        return np.hstack([table * known[:, None], biases[:, None]]).astype(np.float32)

    @cached_property
    def _has_embedding(self) -> Bools:
        """(n,)"""
        return np.asarray(self.norms > 0)

    @cached_property
    def _encoder(self) -> HistoryEncoder:
        return HistoryEncoder(
            self.graph,
            self.arrays["item_embedding.weight"],
            self.settings.max_length,
            self.settings.time_aware,
        )


def _train(
    name: str,
    network: SequenceNetwork,
    windows: Windows,
    queries: ValidationQueries | None,
    settings: SequenceSection,
    context: Context,
    previous: Sequence | None,
) -> TrainingResult:
    from vireo.interest.sequence.trainer import schedule_of, train

    schedule = schedule_of(windows, settings, warm_start=previous is not None)
    key = _checkpoint_key(network, windows, settings, context.seed, previous)
    checkpoint = context.cache / "sequence" / key
    if settings.n_processes > 1:
        from vireo.interest.sequence.distributed import DistributedJob, train_distributed

        job = DistributedJob(windows, queries, settings, schedule, context.seed)
        train_distributed(job, network, checkpoint)
    return train(
        network,
        windows,
        settings,
        schedule,
        queries=queries,
        checkpoint=checkpoint,
        seed=context.seed,
        progress=context.progress,
        name=name,
    )


def _videos_with_embedding(training: Training, settings: SequenceSection) -> Ints:
    """Rows of the videos with interactions, at most `max_videos`, those with the most users."""
    warm = np.flatnonzero(training.warm)
    if len(warm) > settings.max_videos:
        most = np.argsort(-training.user_counts[warm], kind="stable")[: settings.max_videos]
        warm = np.sort(warm[most])
    return warm


def _checkpoint_key(
    network: SequenceNetwork,
    windows: Windows,
    settings: SequenceSection,
    seed: int,
    previous: Sequence | None,
) -> str:
    """Hash of all inputs of the training: only an equal training resumes from the checkpoint."""
    kind = type(network).__name__
    digest = hashlib.sha256(f"4 {kind} {settings.model_dump_json()} {seed}".encode())
    for array in (windows.users, windows.videos, windows.times, windows.starts, windows.ends):
        digest.update(np.ascontiguousarray(array).tobytes())
    for _, frozen in sorted(network.named_buffers()):
        digest.update(frozen.numpy().tobytes())
    if previous is not None:
        digest.update(previous.arrays["item_embedding.weight"].tobytes())
    return digest.hexdigest()[:24]


@contextmanager
def _training_threads() -> Iterator[None]:
    """torch with a fixed number of threads."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(_TRAINING_THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
