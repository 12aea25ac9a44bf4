"""The sequence expert: a transformer that reads the last wanted videos and points at the next.

Videos that nobody wanted stay out of the softmax; afterwards their vectors are predicted from
their content, and videos that few wanted get a mixture: alpha = k / (k + handover) of their own
vector for k viewers. So new videos are ranked by what they show and say, in the same list.
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
from safetensors import safe_open
from safetensors.numpy import save_file

from vireo.arrays import Bools, Floats, Ints
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, SequenceSection, Training
from vireo.interest.sequence.cold_embeddings import cold_item_embeddings
from vireo.interest.sequence.embedding_init import starting_vectors
from vireo.interest.sequence.numpy_inference import NumpyNetwork, gap_buckets
from vireo.interest.sequence.validation import (
    ValidationQueries,
    held_out,
    last_states,
    no_queries,
    readable,
)
from vireo.interest.sequence.windows import Windows, asked, windows_of

if TYPE_CHECKING:
    from vireo.interest.sequence.network import SequenceNetwork

SIZES = {"small": (64, 2, 2), "medium": (128, 2, 4), "large": (256, 4, 8)}
"""Dimension, blocks, heads."""
_THREADS = 2
"""The last digits depend on it."""
_FILE = "sequence.safetensors"


@dataclass(frozen=True)
class Sequence:
    """A trained network, and the vectors of all videos."""

    name: ClassVar[str] = "sequence"
    scores_cold_items: ClassVar[bool] = True
    slow: ClassVar[bool] = True
    warm_start: ClassVar[bool] = True
    """A network that knows part of the histories is not thrown away: `Training.before`."""
    settings: SequenceSection
    arrays: dict[str, Floats]
    """The network's arrays; `vectors` and `bias` have a row per video of the catalogue."""
    lengths: Floats
    """(n,) by which each vector is divided before it is compared with a state; 0: not known."""
    curve: tuple[dict[str, float], ...] = field(default=())
    note: str = ""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        settings = cls._settings(section)
        before = training.before.get(cls.name)
        before = before if isinstance(before, cls) and len(before.lengths) else None
        videos = _with_vectors(training, settings)
        place = np.full(training.n_videos, -1, dtype=np.int64)
        place[videos] = np.arange(len(videos))
        held = held_out(training, place, context.seed) if before is None else no_queries()
        windows = windows_of(training.histories, place, settings.max_length, held)
        if not windows.tokens:
            return cls._untrained(training, settings)
        with _threads():
            network = cls._begun(training, videos, windows, settings, context.seed, before)
            asked = ValidationQueries.of(training, place, held) if len(held) else None
            learnt = _learn(cls.name, network, windows, asked, settings, context, before)
        arrays = {name: np.ascontiguousarray(array) for name, array in learnt[0].items()}
        return cls._finished(arrays, videos, training, settings, learnt[1])

    @classmethod
    def _settings(cls, section: InterestSection) -> SequenceSection:
        return section.sequence

    @classmethod
    def _begun(
        cls,
        training: Training,  # noqa: ARG003  (for those who read more of it)
        videos: Ints,
        windows: Windows,
        settings: SequenceSection,
        seed: int,
        before: Self | None,
    ) -> SequenceNetwork:
        """The network before it learns: from closed-form vectors, or from an earlier network."""
        network = network_of(settings, len(videos), seed)
        if before is None:
            start(network, windows, seed)
        else:
            _go_on(network, before, videos)
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
        """The expert over the whole catalogue."""
        vectors, bias, lengths = cold_item_embeddings(arrays, videos, training, settings)
        return cls(settings, {**arrays, "vectors.weight": vectors, "bias": bias}, lengths, curve)

    @classmethod
    def _untrained(cls, training: Training, settings: SequenceSection) -> Self:
        """No viewer wanted two videos one after the other: no opinion."""
        return cls(settings, {}, np.zeros(training.n_videos, dtype=np.float32))

    def score(self, batch: Batch) -> Floats:
        return np.asarray(self.user_vectors(batch) @ self.vectors.T, dtype=np.float32)

    def user_vectors(self, batch: Batch) -> Floats:
        """The network's state after each history, and 1 for the bias; zeros: no opinion. (b, d)"""
        towards = np.zeros((len(batch.histories), self.vectors.shape[1]), dtype=np.float32)
        known = self._known
        if self.vectors.shape[1] == 1:
            return towards
        histories = [readable(history, known) for history in batch.histories]
        rows = np.array([row for row, h in enumerate(histories) if len(h[0])], dtype=np.int64)
        states = self._states([histories[r] for r in rows], [batch.moments[r] for r in rows])
        towards[rows] = np.hstack([states, np.ones((len(rows), 1), dtype=np.float32)])
        return towards

    def shares(self, history: History) -> Floats | None:
        return None

    def contributions(self, history: History, video: int) -> Floats | None:
        return None

    def save(self, directory: Path) -> None:
        metadata = {"note": self.note}
        save_file({**self.arrays, "lengths": self.lengths}, directory / _FILE, metadata=metadata)
        about = {"settings": self.settings.model_dump(), "curve": list(self.curve)}
        write_json(directory / "sequence.json", about)

    @classmethod
    def load(cls, directory: Path) -> Self:
        arrays = read_arrays(directory / _FILE)
        with safe_open(directory / _FILE, "np") as file:
            note = (file.metadata() or {}).get("note", "")
        about: dict[str, Any] = read_json(directory / "sequence.json") or {}
        settings = cls._settings(InterestSection()).model_validate(about["settings"])
        return cls(settings, arrays, arrays.pop("lengths"), tuple(about["curve"]), note)

    @cached_property
    def vectors(self) -> Floats:
        """Unit vectors with their biases; what is not known gets the lowest bias. (n, d + 1)"""
        known = self._known
        if not known.any():
            return np.zeros((len(known), 1), dtype=np.float32)
        table = self.arrays["vectors.weight"] / np.where(known, self.lengths, 1.0)[:, None]
        bias = np.where(known, self.arrays["bias"], self.arrays["bias"][known].min())
        return np.hstack([table * known[:, None], bias[:, None]]).astype(np.float32)

    @cached_property
    def _known(self) -> Bools:
        """The videos with a vector. (n,)"""
        return np.asarray(self.lengths > 0)

    @cached_property
    def _reader(self) -> NumpyNetwork:
        return NumpyNetwork.of(self.arrays, SIZES[self.settings.size][2], self.settings.max_length)

    @cached_property
    def _network(self) -> SequenceNetwork:
        network = network_of(self.settings, len(self.lengths))
        network.load_state_dict(tensors(self.arrays))
        return network.eval()

    def _states(self, histories: list[tuple[Ints, Ints]], moments: list[int]) -> Floats:
        """What each viewer's last event points at. (b, d)"""
        if len(histories) == 1:  # a service asks for one viewer at a time, hundreds in a second
            return self._state(*histories[0], moments[0])[None]
        with _threads():
            return last_states(self._network, histories, moments, self.settings)

    def _state(self, videos: Ints, times: Ints, moment: int) -> Floats:
        """The same for one viewer, to rounding. (d,)"""
        batch, _ = asked([(videos, times)], [moment], self.settings.max_length)
        gaps = (
            gap_buckets(batch.gaps[0]) if self.settings.time_aware else np.zeros_like(batch.gaps[0])
        )
        return self._reader.state(batch.videos[0], gaps)


def _learn(
    name: str,
    network: SequenceNetwork,
    windows: Windows,
    questions: ValidationQueries | None,
    settings: SequenceSection,
    context: Context,
    before: Sequence | None,
) -> tuple[dict[str, Floats], tuple[dict[str, float], ...]]:
    from vireo.interest.sequence.trainer import learn, plan_of

    plan = plan_of(windows, settings, before is not None)
    key = _fingerprint(network, windows, settings, context.seed, before)
    checkpoint = context.cache / "sequence" / key
    if settings.n_processes > 1:
        from vireo.interest.sequence.distributed import DistributedJob, train

        train(DistributedJob(windows, questions, settings, plan, context.seed), network, checkpoint)
    learnt = learn(
        network,
        windows,
        settings,
        plan,
        questions=questions,
        checkpoint=checkpoint,
        seed=context.seed,
        progress=context.progress,
        name=name,
    )
    return learnt.arrays, learnt.curve


def _with_vectors(training: Training, settings: SequenceSection) -> Ints:
    """Rows of the videos that get vectors of their own: wanted ones, the most watched first."""
    warm = np.flatnonzero(training.warm)
    if len(warm) > settings.max_videos:
        most = np.argsort(-training.user_counts[warm], kind="stable")[: settings.max_videos]
        warm = np.sort(warm[most])
    return warm


def start(network: SequenceNetwork, windows: Windows, seed: int) -> None:
    """Closed-form vectors and popularity, where there was noise."""
    import torch

    vectors, bias = starting_vectors(
        windows.users, windows.videos, len(network.bias), network.dimension, seed
    )
    with torch.no_grad():
        network.vectors.weight.copy_(torch.from_numpy(vectors))
        network.bias.copy_(torch.from_numpy(bias))


def _go_on(network: SequenceNetwork, before: Sequence, videos: Ints) -> None:
    """Start from a network that knew part of these histories."""
    arrays = dict(before.arrays)
    arrays["vectors.weight"] = arrays["vectors.weight"][videos]
    arrays["bias"] = arrays["bias"][videos]
    network.load_state_dict(tensors(arrays))


def network_of(settings: SequenceSection, n_videos: int, seed: int = 0) -> SequenceNetwork:
    """A network of the size that the settings ask for, from noise."""
    import torch

    from vireo.interest.sequence.network import SequenceNetwork

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SequenceNetwork(n_videos, *shape_of(settings))


def shape_of(settings: SequenceSection) -> tuple[int, int, int, float, int, bool]:
    """What a network is made with: dimension, blocks, heads, dropout, length, gates."""
    return *SIZES[settings.size], settings.dropout, settings.max_length, settings.attention_gate


def tensors(arrays: dict[str, Floats]) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}


def _fingerprint(
    network: SequenceNetwork,
    windows: Windows,
    settings: SequenceSection,
    seed: int,
    before: Sequence | None,
) -> str:
    """Names the checkpoint: the same training, and no other, resumes from it."""
    kind = type(network).__name__
    digest = hashlib.sha256(f"3 {kind} {settings.model_dump_json()} {seed}".encode())
    for array in (windows.users, windows.videos, windows.times, windows.starts, windows.ends):
        digest.update(np.ascontiguousarray(array).tobytes())
    for _, frozen in sorted(network.named_buffers()):
        digest.update(frozen.numpy().tobytes())
    if before is not None:
        digest.update(before.arrays["vectors.weight"].tobytes())
    return digest.hexdigest()[:24]


@contextmanager
def _threads() -> Iterator[None]:
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
