"""All experts in one ensemble: finite scores on edge cases, equal in two fits and for users in any
order; a training that was killed resumes to the network of an unbroken one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.interest.plain_ensemble import scored
from vireo.arrays import Floats
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import (
    AlsSection,
    Batch,
    InterestModel,
    InterestSection,
    SequenceContentSection,
    SequenceSection,
    Training,
)
from vireo.interest.build import fit
from vireo.interest.contract import WORLDS, batch_of, training_of
from vireo.interest.ensemble import unseen_mask
from vireo.interest.sequence.expert import Sequence

SECTION = InterestSection(
    experts=(*InterestSection().experts, "next-item-content", "sequence-content"),
    validation="last",
    als=AlsSection(embedding_size=2),  # with more, rounding decides
    sequence=SequenceSection(epochs=1, min_steps=2, batch_tokens=64, max_length=6),
    sequence_content=SequenceContentSection(epochs=1, min_steps=2, batch_tokens=64, max_length=6),
)
IN_ORDER = tuple(name for name in SECTION.experts if not name.startswith("sequence"))
"""Experts that draw no training batches, so the order of the users changes rounding alone."""


def fitted(training: Training, section: InterestSection, place: Path) -> InterestModel:
    return fit(training, section, Context(Serial(EngineSection()), place, NullProgress(), seed=3))


def totals(model: InterestModel, batch: Batch) -> Floats:
    return scored(model, batch)[0]


@pytest.mark.parametrize("name", WORLDS)
def test_totals_are_finite_and_equal_in_two_fits(name: str, tmp_path: Path) -> None:
    training = training_of(*WORLDS[name])
    batch = batch_of(training)
    one = totals(fitted(training, SECTION, tmp_path / "1"), batch)
    two = totals(fitted(training_of(*WORLDS[name]), SECTION, tmp_path / "2"), batch)
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", WORLDS)
def test_user_ids_change_nothing(name: str, tmp_path: Path) -> None:
    training = training_of(*WORLDS[name])
    names = tuple(f"z{len(training.histories) - row}" for row in range(len(training.histories)))
    renamed = replace(training, histories=replace(training.histories, user_ids=names))
    batch = batch_of(training)
    one = totals(fitted(training, SECTION, tmp_path / "1"), batch)
    np.testing.assert_array_equal(totals(fitted(renamed, SECTION, tmp_path / "2"), batch), one)


def test_the_order_of_users_changes_nothing(tmp_path: Path) -> None:
    users, n_videos = WORLDS["two tastes"]
    section = SECTION.model_copy(update={"experts": IN_ORDER})
    training, other = training_of(users, n_videos), training_of(users[::-1], n_videos)
    batch = batch_of(training)
    open_ = unseen_mask(batch)  # scores are standardized among the unseen
    one = totals(fitted(training, section, tmp_path), batch)[open_]
    two = totals(fitted(other, section, tmp_path), batch)[open_]
    np.testing.assert_allclose(two, one, atol=5e-3)


LONG = SequenceSection(epochs=30, min_steps=0, batch_tokens=128, max_length=8)
SCRIPT = """
import sys
from pathlib import Path
from tests.interest.test_whole import trained
trained(Path(sys.argv[1]))
"""


def trained(cache: Path) -> Sequence:
    """Thirty epochs over rings of videos."""
    users = [[(start + step) % 12 for step in range(6)] for start in range(60)]
    context = Context(Serial(EngineSection()), cache, NullProgress(), seed=0)
    return Sequence.fit(training_of(users, 12), InterestSection(sequence=LONG), context)


def test_kill_9_in_a_training_resumes_to_the_same_network(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "src")])
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "killed")]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}) as process:
        until = time.monotonic() + 120
        while not list(tmp_path.glob("killed/sequence/*/last.json")):
            assert process.poll() is None, "the training ended before it was killed"
            assert time.monotonic() < until, "no epoch was finished"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    (last,) = tmp_path.glob("killed/sequence/*/last.json")
    assert '"done": 30' not in last.read_text(encoding="utf-8")
    resumed, whole = trained(tmp_path / "killed"), trained(tmp_path / "whole")
    assert resumed.curve == whole.curve
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(resumed.arrays[name], array)
