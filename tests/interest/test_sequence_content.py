"""The sequence expert over content: features, own parts and their bound, new videos, going on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vireo.arrays import Floats, unit_rows
from vireo.behavior.base import NO_TIME
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import InterestSection, SequenceContentSection, Training
from vireo.interest.contract import (
    DotProductContract,
    WarmStartContract,
    batch_of,
    training_of,
)
from vireo.interest.sequence.content_expert import SequenceContent
from vireo.interest.sequence.content_network import ContentNetwork
from vireo.interest.sequence.features import AGES, DATED, WIDEST, ages, features

QUICK = SequenceContentSection(epochs=2, min_steps=6, batch_tokens=64, max_length=6)
THOROUGH = SequenceContentSection(
    epochs=4, min_steps=150, batch_tokens=128, max_length=8, dropout=0.0
)
YEAR = 365 * 86_400_000


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)


class TestSequenceContentContract(DotProductContract, WarmStartContract):
    expert = SequenceContent
    section = InterestSection(sequence_content=QUICK)

    @pytest.mark.skip(reason="batches are drawn from the order of the users: equal within noise")
    def test_the_order_of_users_changes_nothing(self, tmp_path: Path) -> None: ...


def kinds(videos: int, noise: float = 0.2) -> Training:
    """80 viewers, each of one of two kinds of videos; the last two videos are new, one of each."""
    rng = np.random.default_rng(0)
    users = [(rng.permutation(10) + 10 * (row % 2))[:6].tolist() for row in range(80)]
    kind = np.array([*([0] * 10), *([1] * 10), 0, 1])[:videos]
    rows = np.eye(2)[kind] + noise * rng.normal(size=(videos, 2))
    return training_of(users, videos, unit_rows(rows.astype(np.float32)))


def test_new_videos_stand_among_those_of_their_kind(context: Context) -> None:
    training = kinds(22)
    expert = SequenceContent.fit(training, InterestSection(sequence_content=THOROUGH), context)
    scores = expert.score(batch_of(training))[:80]
    first = scores[:, 20] > scores[:, 21]
    assert (first == (np.arange(80) % 2 == 0)).mean() > 0.95
    others = scores[np.arange(80)[:, None], np.where(np.arange(80)[:, None] % 2 == 0, 10, 0)]
    own_kind = np.where(np.arange(80) % 2 == 0, scores[:, 20], scores[:, 21])
    assert (
        own_kind > others[:, 0]
    ).mean() > 0.95  # a new one of the kind before an old one of the other


def test_the_date_alone_tells_two_kinds_apart(context: Context) -> None:
    """What videos say has nothing to do with their kind; when they are from has."""
    training = kinds(22)
    noise = np.random.default_rng(4).normal(size=(22, 3)).astype(np.float32)
    old = np.array([*([0] * 10), *([1] * 10), 0, 1])
    published = (np.where(old == 0, 1950, 1990) - 1970 + np.arange(22) % 5) * YEAR
    training = replace(training, content=unit_rows(noise), published=published)
    expert = SequenceContent.fit(training, InterestSection(sequence_content=THOROUGH), context)
    scores = expert.score(batch_of(training))[:80]
    first = scores[:, 20] > scores[:, 21]
    assert (first == (np.arange(80) % 2 == 0)).mean() > 0.95


def test_without_content_nothing_is_trained(context: Context) -> None:
    training = training_of([[0, 1, 2]] * 60, 3, np.zeros((3, 0), dtype=np.float32))
    expert = SequenceContent.fit(training, InterestSection(sequence_content=QUICK), context)
    assert not expert.curve
    assert not expert.score(batch_of(training)).any()


def test_own_parts_are_bounded_and_earned(context: Context) -> None:
    """Of a video that few watched, less of its own counts; of none is it more than the bound."""
    training = kinds(22)
    expert = SequenceContent.fit(training, InterestSection(sequence_content=THOROUGH), context)
    network = _network(expert, training)
    told = network.from_content(network.features).detach().numpy()
    own = expert.arrays["vectors.weight"] - told
    lengths = np.linalg.norm(own, axis=1)
    assert lengths.max() <= THOROUGH.max_id_norm + 1e-5
    assert lengths[:20].min() > 0.0
    assert not lengths[20:].any()  # nobody watched them
    raw = network.own().detach().numpy()
    share = training.user_counts / (training.user_counts + THOROUGH.content_prior_users)
    np.testing.assert_allclose(own, share[:, None] * raw, atol=1e-5)


def test_while_learning_some_own_parts_are_hidden() -> None:
    network = ContentNetwork(torch.eye(50), 0.5, 0.4, 16, 1, 2, 0.0, 6)
    with torch.no_grad():
        network.vectors.weight.fill_(1.0)
        told = network.from_content(network.features)
        torch.manual_seed(0)
        hidden = (network.train().rows() - told).norm(dim=1) < 1e-6
        assert 0.2 < float(hidden.float().mean()) < 0.6
        lengths = (network.eval().rows() - told).norm(dim=1)
        torch.testing.assert_close(lengths, torch.full((50,), 0.5))


def test_it_goes_on_with_more_videos_than_before(context: Context) -> None:
    """The first 20 videos were watched before; then one of the new ones is, too."""
    before = kinds(22)
    section = InterestSection(sequence_content=THOROUGH)
    first = SequenceContent.fit(before, section, context)
    histories = before.histories
    videos = histories.videos.copy()
    videos[0] = 20
    after = replace(before, histories=replace(histories, videos=videos), before={first.name: first})
    second = SequenceContent.fit(after, section, context)
    assert len(second.curve) < len(first.curve)
    assert np.linalg.norm(second.raw["vectors.weight"][20]) > 0.0
    scores = second.score(batch_of(after))[:80]
    assert ((scores[:, 20] > scores[:, 21]) == (np.arange(80) % 2 == 0)).mean() > 0.95


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    """With nothing hidden and nothing dropped the steps are the same."""
    training = kinds(22)
    scores = []
    for processes in (1, 2):
        how = {"n_processes": processes, "min_steps": 20, "id_dropout": 0.0}
        section = InterestSection(sequence_content=THOROUGH.model_copy(update=how))
        context = Context(
            Serial(EngineSection()), tmp_path / str(processes), NullProgress(), seed=0
        )
        scores.append(SequenceContent.fit(training, section, context).score(batch_of(training)))
    # Sums in another order differ in the last bits, and training carries them on.
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-3 * np.abs(scores[0]).max())


def test_features_are_whitened_by_the_root_and_reduced() -> None:
    rng = np.random.default_rng(1)
    spread = np.diag(np.linspace(4.0, 0.1, WIDEST + 20))
    raw = (rng.normal(size=(3000, WIDEST + 20)) @ spread).astype(np.float32) + 5.0
    training = training_of([[0, 1]], 3000, raw)
    told = features(training)[:, :WIDEST]
    assert told.shape == (3000, WIDEST)
    np.testing.assert_allclose(np.linalg.norm(told, axis=1), 1.0, rtol=1e-5)
    deviations = told.std(axis=0)
    kept = np.linspace(4.0, 0.1, WIDEST + 20)[:WIDEST]
    expected = np.sqrt(kept) / np.sqrt(kept[0])
    np.testing.assert_allclose(deviations / deviations[0], expected, rtol=0.15)


def test_ages_are_places_in_the_order_of_publication() -> None:
    moments = np.array([YEAR * 10, NO_TIME, 0, YEAR * 100, YEAR * 11, 0])
    places = ages(moments)
    assert places.shape == (6, AGES)
    assert not places[1].any()
    np.testing.assert_array_equal(places[2], places[5])
    near, far = places[0] @ places[4], places[0] @ places[3]
    assert near > far
    stretched = ages(np.where(moments == NO_TIME, NO_TIME, moments * 3 + 7))
    np.testing.assert_array_equal(stretched, places)
    assert not ages(np.array([5, 5, NO_TIME])).any()


def test_the_date_weighs_as_told() -> None:
    training = training_of([[0, 1]], 40)
    dated = replace(training, published=np.arange(40) * YEAR)
    told: Floats = features(dated)
    np.testing.assert_allclose((told[:, -AGES:] ** 2).sum(axis=1), DATED, rtol=1e-5)


def _network(expert: SequenceContent, training: Training) -> ContentNetwork:
    """The network over the whole catalogue, from the arrays that a later training goes on with."""
    told = torch.from_numpy(features(training))
    made = ContentNetwork(
        told, THOROUGH.max_id_norm, THOROUGH.id_dropout, 64, 2, 2, 0.0, THOROUGH.max_length
    )
    made.load_state_dict({name: torch.from_numpy(a) for name, a in expert.raw.items()})
    return made.eval()
