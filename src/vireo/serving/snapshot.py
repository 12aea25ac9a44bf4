"""BuildSnapshot: the published artifacts, each loaded on first use."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.artifacts import Manifest
from vireo.behavior.base import Histories
from vireo.config import Config
from vireo.data.base import Tables
from vireo.engine import Context
from vireo.errors import InputError, StageFailed
from vireo.interest.base import InterestModel
from vireo.language import LanguageModel, VideoTexts, load, query_texts
from vireo.language.encoder import LocalEncoder
from vireo.language.generate import Generator, generator
from vireo.pipeline import STAGES, load_output
from vireo.pretraining.base import Checkpoint
from vireo.recommend.catalogue import Catalogue
from vireo.serving.request import IMPRESSION, Impression
from vireo.understanding.base import Understanding
from vireo.understanding.vectors import fused_of
from vireo.video.base import VideoFeatures

_AT_ONCE = 8
"""New videos that are embedded before waiting text queries get the model."""
_PAUSE_SECONDS = 0.001
"""A lock that is taken again at once goes past those who wait for it."""


class Snapshot(Protocol):
    """Loaded parts of one published build; lists, reasons and pages read them."""

    @property
    def tables(self) -> Tables: ...
    @property
    def histories(self) -> Histories: ...
    @property
    def model(self) -> InterestModel: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def understanding(self) -> Understanding: ...
    @property
    def video(self) -> VideoFeatures: ...
    @property
    def deleted(self) -> frozenset[int]:
        """Rows of videos that were deleted after the build."""
        ...

    @property
    def live_until(self) -> int:
        """The position of the last live event that the build took in."""
        ...

    @property
    def impressions(self) -> Mapping[str, Sequence[Impression]]:
        """User -> every impression in the tables."""
        ...

    @property
    def generator(self) -> Generator | None:
        """The configured LLM, or None."""
        ...

    def embed_query(self, sentence: str) -> Floats:
        """A sentence -> its vector in the space of the text vectors. (d,)"""
        ...


class BuildSnapshot:
    """One published set of artefacts."""

    deleted: frozenset[int] = frozenset()

    def __init__(self, manifests: Mapping[str, Manifest], config: Config, context: Context) -> None:
        self._manifests = manifests
        self._config = config
        self._context = context
        self._reading = threading.Lock()

    def replace(self, **parts: Any) -> BuildSnapshot:
        """A snapshot with some parts replaced; loaded parts are shared."""
        other = BuildSnapshot(self._manifests, self._config, self._context)
        other.__dict__.update({**self.__dict__, **parts})  # its lock too: the model is the same
        return other

    def _output(self, stage: str, parts: tuple[str, ...] = ()) -> Any:
        return load_output(self._manifests[stage], STAGES[stage], parts)

    @cached_property
    def tables(self) -> Tables:
        output: Tables = self._output("data")
        return output

    @cached_property
    def histories(self) -> Histories:
        output: Histories = self._output("behavior")
        return output

    @cached_property
    def model(self) -> InterestModel:
        output: InterestModel = self._output("interest")
        return output

    @cached_property
    def catalogue(self) -> Catalogue:
        output: Catalogue = self._output("recommend")
        return output

    @cached_property
    def understanding(self) -> Understanding:
        output: Understanding = self._output("understanding", ("vectors",))
        return output

    @cached_property
    def video(self) -> VideoFeatures:
        output: VideoFeatures = self._output("video")
        return output

    @cached_property
    def language(self) -> LanguageModel:
        """The model that made the text vectors: tuned or base."""
        checkpoint: Checkpoint = self._output("pretraining")
        return load(self._config.language, self._context, checkpoint.model)

    @cached_property
    def generator(self) -> Generator | None:
        """The configured LLM, or None."""
        return generator(self._config.language.generation, self._context)

    @cached_property
    def impressions(self) -> Mapping[str, Sequence[Impression]]:
        """User -> (video, moment) of every impression in the tables."""
        events = self.tables.events.filter(pl.col("event") == IMPRESSION)
        shown: dict[str, list[Impression]] = {}
        for user, video, moment in events.select("user_id", "video_id", "timestamp").iter_rows():
            shown.setdefault(user, []).append((video, moment))
        return shown

    @property
    def ids(self) -> dict[str, str]:
        """Stage -> artefact id."""
        return {stage: manifest.id for stage, manifest in self._manifests.items()}

    @property
    def live_until(self) -> int:
        """The position of the last live event that the build took in."""
        return int(self._manifests["data"].summary["events"]["live_until"])

    @property
    def videos_until(self) -> int:
        """The position of the last live video that the build took in."""
        return int(self._manifests["data"].summary["videos"].get("live_until", 0))

    def embed_query(self, sentence: str) -> Floats:
        """A sentence -> its vector in the space of the text vectors. (d,)"""
        with self._reader() as model:
            vector = model.embed([sentence])
        projected: Floats = self.understanding.project(vector, query_texts([sentence]))[0]
        return projected

    def warm(self) -> None:
        """Load what reads sentences, so that the first one need not wait for it."""
        with self._reader() as model:
            if isinstance(model, LocalEncoder):  # a server of models is not ours to wake
                model.encode(["warm"])

    def embed_videos(self, texts: VideoTexts) -> Floats:
        """The text vectors of videos that came after the build. (m, d)"""
        read = []
        for some in texts.parts_of(_AT_ONCE):
            with self._reader() as model:
                read.append(fused_of(some, model, self._context.progress))
            time.sleep(_PAUSE_SECONDS)
        return self.understanding.project(np.concatenate(read), texts)

    @contextmanager
    def _reader(self) -> Iterator[LanguageModel]:
        """The language model for oneself: tokenizers take one caller at a time.

        Raises StageFailed if its files cannot be used, which is no fault of the request.
        """
        with self._reading:
            try:
                yield self.language
            except InputError as error:
                raise StageFailed(error.what, error.hint) from None
