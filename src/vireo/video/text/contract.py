"""RecogniserContract: what every recogniser promises; subclass it, name `recogniser`."""

from __future__ import annotations

import numpy as np

from vireo.engine.worker_main import pack, unpack
from vireo.video.mel import RATE
from vireo.video.text.base import AsrEngine


class AsrContract:
    """Tests for any Recogniser: override `recogniser` to return the one to test."""

    def recogniser(self) -> AsrEngine:
        raise NotImplementedError

    def test_it_can_be_sent_to_a_worker_before_its_first_sound(self) -> None:
        recogniser = self.recogniser()
        sent: AsrEngine = unpack(pack(recogniser))
        assert sent.fingerprint == recogniser.fingerprint != ""
        assert sent.longest == recogniser.longest > 0

    def test_lines_lie_within_the_sound_in_order(self) -> None:
        wave = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
        lines = self.recogniser().transcribe(wave)
        times = [time for line in lines for time in (line.start, line.end)]
        assert times == sorted(times)
        assert all(0 <= time <= 2.1 for time in times)
        assert all(line.text.strip() for line in lines)

    def test_the_same_sound_gives_the_same_words(self) -> None:
        wave = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
        recogniser = self.recogniser()
        assert recogniser.transcribe(wave) == recogniser.transcribe(wave)

    def test_what_came_before_changes_nothing(self) -> None:
        random = np.random.default_rng(2)
        loud, soft = (random.normal(0, size, RATE).astype(np.float32) for size in (0.3, 0.01))
        recogniser = self.recogniser()
        first = recogniser.transcribe(soft)
        recogniser.transcribe(loud)
        assert recogniser.transcribe(soft) == first
