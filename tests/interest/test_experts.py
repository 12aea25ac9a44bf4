"""Experts: the contract for each, the right answers by construction, exact contributions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from vireo.arrays import Floats, Ints, unit_rows
from vireo.behavior.base import History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.errors import StageFailed
from vireo.interest.als import ImplicitMF, predict, solved
from vireo.interest.base import (
    AlsSection,
    Batch,
    EaseSection,
    InterestModel,
    InterestSection,
    NextItemSection,
    Training,
    TrendSection,
)
from vireo.interest.build import fit
from vireo.interest.content import Content
from vireo.interest.contract import (
    ContributionsContract,
    DotProductContract,
    ExpertContract,
    SparseScoresContract,
    SubsetScoresContract,
    UnlearningContract,
    batch_of,
    training_of,
)
from vireo.interest.cooccurrence import ItemKnn, SessionCooccurrence, Transitions
from vireo.interest.ease import Ease, EaseRecent, EaseText
from vireo.interest.item_item import Ridge, item_item
from vireo.interest.new_items import with_new_items
from vireo.interest.next_item import NextItem
from vireo.interest.next_item_content import NextItemContent
from vireo.interest.popularity import Popularity, RecentPopularity
from vireo.interest.repeat_consumption import RepeatConsumption
from vireo.interest.trend import Trend

SECTION = InterestSection(ease=EaseSection(regularization=2.0), als=AlsSection(embedding_size=8))


class TestPopularityContract(DotProductContract, UnlearningContract):
    expert = Popularity


class TestRecentContract(DotProductContract):
    expert = RecentPopularity


class TestTrendContract(ContributionsContract):
    expert = Trend
    exact = False  # the base is the same for all users


class TestEaseContract(ContributionsContract, UnlearningContract):
    expert = Ease
    section = SECTION


class TestEaseRecentContract(ContributionsContract, UnlearningContract):
    expert = EaseRecent
    section = SECTION


class TestEaseTextContract(ContributionsContract, UnlearningContract):
    expert = EaseText
    section = InterestSection(ease=EaseSection(regularization=2.0, content_weight=3.0))


class TestNextContract(SubsetScoresContract, ContributionsContract):
    expert = NextItem
    section = InterestSection(next_item=NextItemSection(regularization=2.0))


class TestNextContentContract(DotProductContract):
    expert = NextItemContent
    section = InterestSection(next_item=NextItemSection(regularization=2.0))


class TestTransitionsContract(SparseScoresContract, ContributionsContract):
    expert = Transitions


class TestTogetherContract(SparseScoresContract, ContributionsContract):
    expert = SessionCooccurrence


class TestKnnContract(SparseScoresContract, ContributionsContract):
    expert = ItemKnn


class TestAgainContract(ExpertContract):
    expert = RepeatConsumption


class TestFactorsContract(DotProductContract):
    expert = ImplicitMF
    section = SECTION
    tolerance = 1e-3


class TestFactorsWithSigmoidContract(TestFactorsContract):
    section = InterestSection(als=AlsSection(embedding_size=4, link="sigmoid"))


class TestContentContract(DotProductContract):
    expert = Content


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)


def checkerboard(size: int = 20) -> Training:
    """Even users wanted the even videos, odd users the odd ones; each has missed its own video."""
    users = [[v for v in range(size) if v % 2 == u % 2 and v != u] for u in range(size)]
    return training_of(users, size)


@pytest.mark.parametrize("kind", [Ease, EaseRecent, ImplicitMF])
def test_the_checkerboard_is_completed(kind: Any, context: Context) -> None:
    training = checkerboard()
    batch = batch_of(training)
    # two tastes take two factors; with more, the missed videos are learnt by heart as well
    section = SECTION.model_copy(update={"als": AlsSection(embedding_size=2)})
    scores = kind.fit(training, section, context).score(batch)[:20]
    for user, row in enumerate(scores):
        row[batch.histories[user].videos] = -np.inf
        assert row.argmax() == user


def test_popularity_counts_users_not_events(context: Context) -> None:
    training = training_of([[0, 0, 0], [1], [1], [-2], [2, 2]], 3)
    assert Popularity.fit(training, SECTION, context).counts.tolist() == [1, 2, 1]


def test_recent_counts_the_last_days_and_breaks_ties_by_all_times(context: Context) -> None:
    day = 86_400_000
    training = training_of([[0], [0], [1], [2], [3]], 5)
    times = np.array([0, 0, 0, 20 * day, 15 * day])
    histories = training.histories
    late = type(histories)(
        histories.user_ids,
        5,
        histories.offsets,
        histories.videos,
        histories.weights,
        times,
        histories.sessions,
    )
    moved = Training(late, training.content, training.has_content, training.published)
    counts = RecentPopularity.fit(moved, SECTION, context).counts
    assert np.floor(counts).tolist() == [0, 0, 1, 1, 0]
    assert counts[0] > counts[1] > counts[4]


def test_recent_is_overall_popularity_where_no_event_has_a_time(context: Context) -> None:
    training = training_of([[0], [0], [1]], 3)
    training.histories.times[:] = -1
    assert RecentPopularity.fit(training, SECTION, context).counts.tolist() == [2, 1, 0]


def direct_ease(x: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    p = np.linalg.inv(x.T @ x + ridge * np.eye(x.shape[1]))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0.0)
    return b


def random_training_without(gone: int | None) -> tuple[Training, NDArray[np.float64]]:
    rng = np.random.default_rng(11)
    users = [rng.permutation(12)[: rng.integers(1, 9)].tolist() for _ in range(40)]
    if gone is not None:
        del users[gone]
    x = np.zeros((len(users), 12))
    for row, videos in enumerate(users):
        x[row, videos] = 1.0
    return training_of(users, 14), x


def random_training() -> tuple[Training, NDArray[np.float64]]:
    return random_training_without(None)


def test_ease_is_the_formula_and_leaves_unwatched_videos_at_zero(context: Context) -> None:
    training, x = random_training()
    scores = Ease.fit(training, SECTION, context).score(batch_of(training))
    np.testing.assert_allclose(scores[:40, :12], x @ direct_ease(x, 2.0), atol=1e-5)
    assert not scores[:, 12:].any()


def test_ease_text_is_ease_on_rows_that_the_content_adds(context: Context) -> None:
    training, x = random_training()
    section = InterestSection(
        ease=EaseSection(regularization=2.0, content_weight=3.0), history_decay=1e9
    )  # nothing fades
    rows = np.vstack([x, np.sqrt(3.0) * training.content[:12].T])
    scores = EaseText.fit(training, section, context).score(batch_of(training))
    np.testing.assert_allclose(scores[:40, :12], x @ direct_ease(rows, 2.0), atol=1e-5)
    assert not scores[:, 12:].any()


@pytest.mark.parametrize("why", ["no weight", "no content"])
def test_ease_text_says_nothing_without_content_or_weight(why: str, context: Context) -> None:
    training, _ = random_training()
    section = SECTION
    if why == "no weight":
        section = InterestSection(ease=EaseSection(content_weight=0.0))
    else:
        none = np.zeros_like(training.content)
        training = replace(training, content=none, has_content=np.asarray(none.any(axis=1)))
    assert not EaseText.fit(training, section, context).score(batch_of(training)).any()


def test_trend_is_recent_shares_moved_by_a_centred_regression(context: Context) -> None:
    training, x = random_training()
    days = training.histories.now - training.histories.times[len(training.histories.times) // 2]
    section = InterestSection(recent_days=days / 86_400_000, trend=TrendSection(regularization=0.5))
    lately = (
        training.histories.times >= training.histories.times[len(training.histories.times) // 2]
    )
    rows, videos = training.histories.user_rows[lately], training.histories.videos[lately]
    recent = np.zeros((40, 12))
    recent[rows, videos] = 1.0
    shares = recent.sum(axis=0) / len(np.unique(rows))
    mean = x.mean(axis=0)
    expected = shares + (x - mean) @ direct_ease(x - mean, 0.5 * 40)
    scores = Trend.fit(training, section, context).score(batch_of(training))
    np.testing.assert_allclose(scores[:40, :12], expected, atol=1e-5)
    assert not scores[40].any()  # who wanted nothing
    assert not scores[:, 12:].any()


def test_trend_without_times_starts_from_all_shares(context: Context) -> None:
    training, x = random_training()
    training.histories.times[:] = -1
    section = InterestSection(trend=TrendSection(regularization=1e9))  # nothing moves the base
    scores = Trend.fit(training, section, context).score(batch_of(training))
    np.testing.assert_allclose(scores[0, :12], x.mean(axis=0), atol=1e-5)


def test_a_viewer_is_taken_out_of_ease_as_if_never_there(context: Context) -> None:
    training, x = random_training()
    gone = training.histories.row(7)
    kept = np.delete(x, 7, axis=0)
    one = Ease.fit(training, SECTION, context).without(gone)
    np.testing.assert_allclose(one.weights.matrix, direct_ease(kept, 2.0), atol=1e-5)
    two = one.without(training.histories.row(8))
    np.testing.assert_allclose(
        two.weights.matrix, direct_ease(np.delete(kept, 7, axis=0), 2.0), atol=1e-5
    )
    nothing = History.empty()
    assert two.without(nothing).weights is two.weights


def test_a_model_forgets_a_viewer_in_every_expert_that_can(context: Context) -> None:
    training, _ = random_training()
    names = ("popularity", "ease", "ease-recent", "als")
    section = SECTION.model_copy(update={"experts": names, "validation_users": 0})
    before = fit(training, section, context)
    after = before.without(training.histories.row(7))
    fewer, _ = random_training_without(7)
    again = fit(fewer, section, context)
    batch = batch_of(fewer)
    for name in names[:3]:
        one, two = after.experts[name].score(batch), again.experts[name].score(batch)
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert after.experts["als"] is before.experts["als"]


def test_ease_recent_is_the_formula_over_faded_inputs(context: Context) -> None:
    training, x = random_training()
    history = History(np.array([4, 7, 4, 2]), np.ones(4, np.float32), np.arange(4))
    expert = EaseRecent.fit(training, SECTION, context)
    scores = expert.score(Batch([history], 0, 14))[0]
    b = direct_ease(x, 2.0)
    span = SECTION.history_decay
    expected = b[2] + np.exp(-1 / span) * b[4] + np.exp(-2 / span) * b[7]
    np.testing.assert_allclose(scores[:12], expected, atol=1e-5)


def test_what_follows_is_not_what_goes_before(context: Context) -> None:
    training = training_of([[0, 1]] * 20 + [[2, 0]] * 20, 3)
    scores = Transitions.fit(training, SECTION, context).score(
        Batch([History(np.array([0]), np.ones(1, np.float32), np.array([0]))], 0, 3)
    )[0]
    assert scores[1] == pytest.approx(20 / 25)  # 20 of 20 times, and 5 of doubt
    assert scores[2] == 0.0


def test_one_sitting_counts_and_another_does_not(context: Context) -> None:
    training = training_of([[0, 1, 2]] * 10, 3)
    sessions = np.tile([0, 0, 1], 10)
    apart = replace(training, histories=replace(training.histories, sessions=sessions))
    matrix = SessionCooccurrence.fit(apart, SECTION, context).matrix.toarray()
    assert matrix[0, 1] == matrix[1, 0] == pytest.approx(10 / 15)
    assert not matrix[:, 2].any()


def test_common_viewers_weigh_as_bm25_weighs(context: Context) -> None:
    training, x = random_training()
    matrix = ItemKnn.fit(training, SECTION, context).matrix.toarray()
    lengths = x.sum(axis=1)
    norm = 0.25 + 0.75 * lengths / lengths.mean()
    rows = x * (2.2 / (1.2 * norm + 1.0))[:, None] * np.log(40 / (1 + x.sum(axis=0)))
    np.testing.assert_allclose(matrix[:12, :12], rows.T @ rows, rtol=1e-5)


def test_comings_back_are_counted_and_fade(context: Context) -> None:
    expert = RepeatConsumption.fit(training_of([[0]], 4), SECTION, context)
    history = History(np.array([3, 1, 3, 2]), np.array([1, 1, 1, -1], np.float32), np.arange(4))
    scores = expert.score(Batch([history], 0, 4))[0]
    expected = [0.0, np.exp(-1 / 20), 0.0, 1 + np.exp(-2 / 20)]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "kind",
    [
        Ease,
        EaseRecent,
        ImplicitMF,
        Content,
        Transitions,
        SessionCooccurrence,
        ItemKnn,
        RepeatConsumption,
    ],
)
def test_contributions_add_up_to_the_score(kind: Any, context: Context) -> None:
    training, _ = random_training()
    expert = kind.fit(training, SECTION, context)
    weights = np.array([1, 2, -1, 1, 1], np.float32)
    history = History(np.array([4, 7, 5, 4, 2]), weights, np.arange(5))
    scores = expert.score(Batch([history], 0, 14))[0]
    for video in range(14):
        added = expert.contributions(history, video)
        assert added is not None
        assert added.sum() == pytest.approx(scores[video], abs=1e-4)


def test_the_experts_of_ease_share_one_matrix(context: Context) -> None:
    training, _ = random_training()
    one, two = (kind.fit(training, SECTION, context) for kind in (Ease, EaseRecent))
    assert one.weights is two.weights


def test_ease_steps_aside_and_says_so(context: Context) -> None:
    section = InterestSection(ease=EaseSection(max_videos=3))
    training, _ = random_training()
    expert = Ease.fit(training, section, context)
    assert not expert.score(batch_of(training)).any()
    assert "max_videos" in expert.note


def test_ease_survives_a_hardly_regularised_matrix(context: Context) -> None:
    section = InterestSection(ease=EaseSection(regularization=1e-7))
    training = training_of([[0, 1]] * 50, 2)
    assert np.isfinite(Ease.fit(training, section, context).score(batch_of(training))).all()


def test_a_ridge_too_weak_is_named_by_its_setting(context: Context) -> None:
    training = training_of([[0, 1], [1, 2]], 3)
    ridge = Ridge(14.0, "interest.trend.regularization", 7.0)
    with pytest.raises(StageFailed, match=r"trend\.regularization = 7\.") as failed:
        item_item("trend", training, _not_positive, ridge, InterestSection(), context)
    assert "70" in failed.value.hint


def _not_positive(videos: Ints) -> Floats:
    """No products of columns are like this."""
    return -100.0 * np.ones((len(videos), len(videos)), dtype=np.float32)


def test_prediction_is_the_whole_inner_product() -> None:
    users = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]])
    videos = np.array([[0.2, 0.3, 0.4], [0.5, 0.6, 0.7], [0.8, 0.9, 1.0]])
    # user 3 and video 1: all three components, not the 0.14 of the first alone
    assert predict(users, videos)[2, 0] == pytest.approx(0.7 * 0.2 + 0.8 * 0.3 + 0.9 * 0.4)
    assert predict(users, videos)[2, 0] == pytest.approx(0.74)
    assert predict(users, videos, "sigmoid")[2, 0] == pytest.approx(1 / (1 + np.exp(-0.74)))
    assert np.isfinite(predict(users * 1e6, -videos, "sigmoid")).all()


def test_the_fold_in_is_the_solve_of_the_implicit_library(context: Context) -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    training, x = random_training()
    settings = AlsSection(embedding_size=8, regularization=0.05, frequency_scaling=0.0)
    expert = ImplicitMF.fit(training, InterestSection(als=settings), context)
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=settings.embedding_size, regularization=settings.regularization
        )
        model.item_factors = expert.videos
        padded = np.hstack([x, np.zeros((40, 2))]) * settings.confidence
        expected = model.recalculate_user(np.arange(40), sparse.csr_matrix(padded))
    ours = expert.users(batch_of(training))
    np.testing.assert_allclose(ours[:40], expected, rtol=2e-3, atol=2e-4)
    assert not ours[40].any()


@pytest.mark.parametrize("frequency", [0.0, 0.5, 1.0])
def test_half_a_round_of_least_squares_is_where_the_loss_is_flat(frequency: float) -> None:
    """The loss written out cell by cell: 1 wanted where it was watched, 0 elsewhere, the penalty
    by how often a viewer occurs."""
    _, x = random_training()
    settings = AlsSection(embedding_size=3, frequency_scaling=frequency, confidence=4.0)
    videos = np.random.default_rng(6).normal(size=(x.shape[1], 3)).astype(np.float32)
    users = solved(sparse.csr_matrix(x), videos, x.shape[1], settings).astype(np.float64)
    weights = np.where(x > 0, settings.confidence, 1.0)
    ridge = settings.regularization * (x.sum(axis=1) + x.shape[1] / 4.0) ** frequency
    slope = (weights * (users @ videos.T - x)) @ videos + ridge[:, None] * users
    assert np.abs(slope).max() < 1e-3
    assert np.abs(users).max() > 0.1


def two_topics(n: int = 10) -> Floats:
    rng = np.random.default_rng(2)
    rows = 0.05 * rng.normal(size=(n, 4))
    rows[: n // 2, 0] += 1.0
    rows[n // 2 :, 1] += 1.0
    return np.asarray(rows, dtype=np.float32)


def test_content_follows_the_topic_and_flees_what_was_disliked(context: Context) -> None:
    training = training_of([[0, 1], [6, 7], [-6, -7]], 10, two_topics())
    scores = Content.fit(training, SECTION, context).score(batch_of(training))
    assert scores[0, 2:5].min() > scores[0, 5:].max()
    assert scores[1, 8:].min() > scores[1, :5].max()
    assert scores[2, :5].min() > scores[2, 5:].max()


def test_content_weighs_the_newest_most(context: Context) -> None:
    training = training_of([[0, 1, 2, 5, 6, 7] * 4], 10, two_topics())
    scores = Content.fit(training, SECTION, context).score(batch_of(training))
    assert scores[0, 8] > scores[0, 3]


def by_hand(users: list[list[int]], n: int, spans: tuple[float, ...], ridge: float) -> Floats:
    """The same regression, its rows written out one by one."""
    inputs, outputs = [], []
    for videos in users:
        for at in range(1, len(videos)):
            row = np.zeros((len(spans), n))
            for lag, video in enumerate(reversed(videos[:at])):
                row[:, video] += np.exp(-lag / np.array(spans))
            inputs.append(row.ravel())
            outputs.append(np.eye(n)[videos[at]])
    x, y = np.array(inputs), np.array(outputs)
    solution: Floats = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y)
    return solution


def test_next_is_the_regression_written_out(context: Context) -> None:
    rng = np.random.default_rng(2)
    users = [rng.integers(0, 7, size=rng.integers(0, 15)).tolist() for _ in range(12)]
    spans = (0.7, 3.0, 9.0)
    section = InterestSection(next_item=NextItemSection(regularization=1.5, decay_lengths=spans))
    training = training_of(users, 7)
    warm = np.flatnonzero(training.warm)
    expert = NextItem.fit(training, section, context)
    expected = by_hand(users, 7, spans, 1.5).reshape(len(spans), 7, 7)[:, warm][:, :, warm]
    # inputs that have faded to a thousandth are left out, so the two differ a little
    np.testing.assert_allclose(expert.matrix, expected.reshape(-1, len(warm)), atol=2e-3)


def test_next_knows_what_follows_what(context: Context) -> None:
    users = [[start, (start + 1) % 8, (start + 2) % 8] for start in range(8)] * 5
    section = InterestSection(next_item=NextItemSection(regularization=1.0))
    training = training_of(users, 8)
    expert = NextItem.fit(training, section, context)
    assert expert.score(batch_of(training))[0].argmax() == 3  # after 0, 1, 2


def test_next_contributions_add_up_to_the_score(context: Context) -> None:
    training = training_of([[0, 1, 2, 1, -4, 3], [3, 2, 0], [1, 3, 2, 2]], 6)
    section = InterestSection(next_item=NextItemSection(regularization=1.0))
    expert = NextItem.fit(training, section, context)
    batch = batch_of(training)
    scores = expert.score(batch)
    for row, history in enumerate(batch.histories):
        for video in range(6):
            added = expert.contributions(history, video)
            assert added is not None
            assert added.sum() == pytest.approx(scores[row, video], abs=1e-5)


def follows_in_content(context: Context) -> tuple[Training, NextItemContent]:
    """What follows video v is v + 1 around a circle of 24; content is the place on the circle; the
    last video is new and stands where video 3 does."""
    users = [[(start + step) % 24 for step in range(4)] for start in range(24)] * 6
    angles = 2 * np.pi * np.r_[np.arange(24), 3] / 24
    content = np.c_[np.cos(angles), np.sin(angles), np.cos(2 * angles), np.sin(2 * angles)]
    training = training_of(users, 25, unit_rows(content.astype(np.float32)))
    section = InterestSection(next_item=NextItemSection(regularization=1.0))
    return training, NextItemContent.fit(training, section, context)


def test_a_new_video_follows_what_videos_like_it_have_followed(context: Context) -> None:
    training, expert = follows_in_content(context)
    after = [
        expert.score(Batch([training_of([[v]], 25).histories.row(0)], 0, 25))[0, 24]
        for v in range(24)
    ]
    assert int(np.argmax(after)) in (1, 2)  # of steps of one, two and three, the short ones lead
    np.testing.assert_allclose(
        expert.score(batch_of(training))[:, 24], expert.score(batch_of(training))[:, 3], rtol=1e-5
    )


def test_next_content_is_ridge_regression_of_the_columns_of_next(context: Context) -> None:
    """Least squares with the penalty as rows of their own and an intercept of its own; that, equal
    for all videos, is left out of the scores."""
    training, expert = follows_in_content(context)
    section = InterestSection(next_item=NextItemSection(regularization=1.0))
    fitted = NextItem.fit(training, section, context)
    rows = unit_rows(training.content)
    known = rows[fitted.videos]
    penalty = np.c_[np.sqrt(10.0) * np.eye(4), np.zeros(4)]
    left = np.vstack([np.c_[known, np.ones(len(known))], penalty])
    right = np.vstack([fitted.matrix.T, np.zeros((4, len(fitted.matrix)))])
    solved_by_hand = np.linalg.lstsq(left, right, rcond=None)[0]
    batch = batch_of(training)
    wanted = expert._decayed.inputs(batch) @ (np.c_[rows, np.ones(25)] @ solved_by_hand).T
    apart = wanted - expert.score(batch)
    np.testing.assert_allclose(apart - apart[:, :1], 0.0, atol=1e-5)


def test_next_content_contributions_add_up_and_newcomers_are_told_exactly(
    context: Context,
) -> None:
    training, expert = follows_in_content(context)
    batch = batch_of(training)
    scores = expert.score(batch)
    for row in (0, 30, -1):
        for video in (3, 24):
            added = expert.contributions(batch.histories[row], video)
            assert added is not None
            assert added.sum() == pytest.approx(scores[row, video], abs=1e-5)
    model = InterestModel(
        {"next-item-content": expert}, {"next-item-content": 1.0}, training.content
    )
    wider = with_new_items(model, training.content[[7]]).experts["next-item-content"]
    said = wider.score(Batch(batch.histories, batch.now, 26))
    np.testing.assert_array_equal(said[:, 25], said[:, 7])
    np.testing.assert_allclose(said[:, :25], scores, atol=1e-6)


def test_next_leaves_out_spans_then_seldom_watched_videos(context: Context) -> None:
    users = [[v % 600, (v + 1) % 600] for v in range(900)]
    section = InterestSection(
        next_item=NextItemSection(max_memory_mb=1, decay_lengths=(0.7, 6.0, 30.0))
    )
    expert = NextItem.fit(training_of(users, 600), section, context)
    assert expert.spans == (6.0,)  # 512 x 512 floats are a megabyte
    assert len(expert.videos) == 512
    assert "max_memory_mb" in expert.note
    assert 0 in expert.videos  # watched more often than the later ones
