"""AsrContract: tests of any ASR engine. Subclass it and override `engine`."""

from __future__ import annotations

import numpy as np

from vireo.engine.worker_main import deserialize, serialize
from vireo.video.mel import RATE
from vireo.video.text.base import AsrEngine


class AsrContract:
    """Contract tests of an AsrEngine; `engine` returns the one to test."""

    def engine(self) -> AsrEngine:
        raise NotImplementedError

    def test_it_can_be_sent_to_a_worker_before_its_first_call(self) -> None:
        engine = self.engine()
        received: AsrEngine = deserialize(serialize(engine))
        assert received.fingerprint == engine.fingerprint != ""
        assert received.max_seconds == engine.max_seconds > 0

    def test_lines_lie_within_the_audio_in_order(self) -> None:
        wave = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
        lines = self.engine().transcribe(wave)
        times = [time for line in lines for time in (line.start, line.end)]
        assert times == sorted(times)
        assert all(0 <= time <= 2.1 for time in times)
        assert all(line.text.strip() for line in lines)

    def test_equal_audio_gives_equal_lines(self) -> None:
        wave = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
        engine = self.engine()
        assert engine.transcribe(wave) == engine.transcribe(wave)

    def test_lines_do_not_depend_on_earlier_audio(self) -> None:
        random = np.random.default_rng(2)
        loud, soft = (random.normal(0, size, RATE).astype(np.float32) for size in (0.3, 0.01))
        engine = self.engine()
        first = engine.transcribe(soft)
        engine.transcribe(loud)
        assert engine.transcribe(soft) == first
