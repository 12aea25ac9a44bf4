"""The sequence expert over content: features, ID embeddings, cold items, warm starts."""

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
from vireo.interest.sequence.features import (
    DATE_BINS,
    DATE_WEIGHT,
    MAX_COMPONENTS,
    date_features,
    features,
)

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


def clusters(videos: int, noise: float = 0.2) -> Training:
    """80 users, each of one of two clusters of videos; the last two are cold, one of each."""
    rng = np.random.default_rng(0)
    users = [(rng.permutation(10) + 10 * (row % 2))[:6].tolist() for row in range(80)]
    cluster = np.array([*([0] * 10), *([1] * 10), 0, 1])[:videos]
    rows = np.eye(2)[cluster] + noise * rng.normal(size=(videos, 2))
    return training_of(users, videos, unit_rows(rows.astype(np.float32)))


def test_cold_items_rank_with_their_cluster(context: Context) -> None:
    training = clusters(22)
    expert = SequenceContent.fit(training, InterestSection(sequence_content=THOROUGH), context)
    scores = expert.score(batch_of(training))[:80]
    first = scores[:, 20] > scores[:, 21]
    assert (first == (np.arange(80) % 2 == 0)).mean() > 0.95
    others = scores[np.arange(80)[:, None], np.where(np.arange(80)[:, None] % 2 == 0, 10, 0)]
    own_cluster = np.where(np.arange(80) % 2 == 0, scores[:, 20], scores[:, 21])
    # a cold item of the user's cluster ranks before a warm one of the other
    assert (own_cluster > others[:, 0]).mean() > 0.95


def test_the_date_alone_separates_two_clusters(context: Context) -> None:
    """The content is noise; the publication date depends on the cluster."""
    training = clusters(22)
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


def test_id_embeddings_are_bounded_and_weighted_by_users(context: Context) -> None:
    """k users give the ID embedding a weight of k / (k + prior); its norm has a maximum."""
    training = clusters(22)
    expert = SequenceContent.fit(training, InterestSection(sequence_content=THOROUGH), context)
    network = _network(expert, training)
    content = network.content_embeddings(network.features).detach().numpy()
    id_part = expert.arrays["item_embedding.weight"] - content
    norms = np.linalg.norm(id_part, axis=1)
    assert norms.max() <= THOROUGH.max_id_norm + 1e-5
    assert norms[:20].min() > 0.0
    assert not norms[20:].any()  # cold items
    trained = network.id_embeddings().detach().numpy()
    share = training.user_counts / (training.user_counts + THOROUGH.content_prior_users)
    np.testing.assert_allclose(id_part, share[:, None] * trained, atol=1e-5)


def test_training_drops_some_id_embeddings() -> None:
    network = ContentNetwork(torch.eye(50), 0.5, 0.4, 16, 1, 2, 0.0, 6)
    with torch.no_grad():
        network.item_embedding.weight.fill_(1.0)
        content = network.content_embeddings(network.features)
        torch.manual_seed(0)
        dropped = (network.train().input_embeddings() - content).norm(dim=1) < 1e-6
        assert 0.2 < float(dropped.float().mean()) < 0.6
        norms = (network.eval().input_embeddings() - content).norm(dim=1)
        torch.testing.assert_close(norms, torch.full((50,), 0.5))


def test_a_warm_start_takes_new_videos(context: Context) -> None:
    """A cold item gets its first interaction between the two fits."""
    before = clusters(22)
    section = InterestSection(sequence_content=THOROUGH)
    first = SequenceContent.fit(before, section, context)
    histories = before.histories
    videos = histories.videos.copy()
    videos[0] = 20
    after = replace(before, histories=replace(histories, videos=videos), before={first.name: first})
    second = SequenceContent.fit(after, section, context)
    assert len(second.curve) < len(first.curve)
    assert np.linalg.norm(second.trained_arrays["item_embedding.weight"][20]) > 0.0
    scores = second.score(batch_of(after))[:80]
    assert ((scores[:, 20] > scores[:, 21]) == (np.arange(80) % 2 == 0)).mean() > 0.95


def test_two_processes_train_like_one(tmp_path: Path) -> None:
    """Without dropout of activations or IDs the steps are equal."""
    training = clusters(22)
    scores = []
    for processes in (1, 2):
        how = {"n_processes": processes, "min_steps": 20, "id_dropout": 0.0}
        section = InterestSection(sequence_content=THOROUGH.model_copy(update=how))
        context = Context(
            Serial(EngineSection()), tmp_path / str(processes), NullProgress(), seed=0
        )
        scores.append(SequenceContent.fit(training, section, context).score(batch_of(training)))
    # sums in another order differ by rounding, which training amplifies
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-3 * np.abs(scores[0]).max())


def test_features_are_partly_whitened_principal_components() -> None:
    rng = np.random.default_rng(1)
    spread = np.diag(np.linspace(4.0, 0.1, MAX_COMPONENTS + 20))
    raw = (rng.normal(size=(3000, MAX_COMPONENTS + 20)) @ spread).astype(np.float32) + 5.0
    training = training_of([[0, 1]], 3000, raw)
    rows = features(training)[:, :MAX_COMPONENTS]
    assert rows.shape == (3000, MAX_COMPONENTS)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-5)
    deviations = rows.std(axis=0)
    kept = np.linspace(4.0, 0.1, MAX_COMPONENTS + 20)[:MAX_COMPONENTS]
    expected = np.sqrt(kept) / np.sqrt(kept[0])
    np.testing.assert_allclose(deviations / deviations[0], expected, rtol=0.15)


def test_date_features_depend_on_the_order_of_publication() -> None:
    times = np.array([YEAR * 10, NO_TIME, 0, YEAR * 100, YEAR * 11, 0])
    bins = date_features(times)
    assert bins.shape == (6, DATE_BINS)
    assert not bins[1].any()
    np.testing.assert_array_equal(bins[2], bins[5])
    near, far = bins[0] @ bins[4], bins[0] @ bins[3]
    assert near > far
    stretched = date_features(np.where(times == NO_TIME, NO_TIME, times * 3 + 7))
    np.testing.assert_array_equal(stretched, bins)
    assert not date_features(np.array([5, 5, NO_TIME])).any()


def test_the_date_has_its_weight() -> None:
    training = training_of([[0, 1]], 40)
    dated = replace(training, published=np.arange(40) * YEAR)
    rows: Floats = features(dated)
    np.testing.assert_allclose((rows[:, -DATE_BINS:] ** 2).sum(axis=1), DATE_WEIGHT, rtol=1e-5)


def _network(expert: SequenceContent, training: Training) -> ContentNetwork:
    """The content network over the whole catalogue, from the arrays for a warm start."""
    rows = torch.from_numpy(features(training))
    network = ContentNetwork(
        rows, THOROUGH.max_id_norm, THOROUGH.id_dropout, 64, 2, 2, 0.0, THOROUGH.max_length
    )
    network.load_state_dict(
        {name: torch.from_numpy(a) for name, a in expert.trained_arrays.items()}
    )
    return network.eval()
