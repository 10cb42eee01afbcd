"""Boosting with source images: those that contradict the target lose; selection: those near it are taken."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from graftwork.errors import DataError, UsageError
from graftwork.methods.instances.boosting import boost_classes, boost_numbers
from graftwork.methods.instances.selection import rank_classes, select_images


def contradicting(seed=0):
    """A source of which one half follows the target's rule and the other its opposite."""
    draw = np.random.default_rng(seed)
    source, target, test = draw.normal(size=(400, 3)), draw.normal(size=(16, 3)), draw.normal(size=(500, 3))
    labels = (source[:, 0] > 0).astype(np.int64)
    is_wrong = source[:, 1] > 0
    labels = np.where(is_wrong, 1 - labels, labels)
    return (
        source,
        labels,
        is_wrong,
        target,
        (target[:, 0] > 0).astype(np.int64),
        test,
        (test[:, 0] > 0).astype(np.int64),
    )


def test_source_images_that_contradict_lose_their_weight():
    source, labels, is_wrong, target, truth, test, wanted = contradicting()
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    found = boost_classes(source, labels, target, truth, learner=stump)
    assert found.source_weights.mean() == pytest.approx(1.0)
    assert found.source_weights[~is_wrong].mean() > 2 * found.source_weights[is_wrong].mean()
    rows, said = np.concatenate([source, target]), np.r_[labels, truth]
    pooled = stump.fit(rows, said).predict(test)
    assert (found.predict(test) == wanted).mean() > (pooled == wanted).mean() + 0.05


def test_the_first_round_is_the_paper_s_arithmetic():
    source, labels, _, target, truth, *_ = contradicting()
    rounds = 1
    found = boost_classes(source, labels, target, truth, rounds=rounds)
    start = np.r_[np.full(400, 1 / 400), np.full(16, 1 / 16)]
    model = DecisionTreeClassifier(max_depth=3, random_state=0)
    model.fit(np.concatenate([source, target]), np.r_[labels, truth], sample_weight=start / 2)
    wrong = model.predict(source) != labels
    beta = 1 / (1 + np.sqrt(2 * np.log(400) / rounds))
    assert found.source_weights == pytest.approx(np.where(wrong, beta, 1) / np.where(wrong, beta, 1).mean())


def test_three_classes_vote():
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(150, 2))
    labels = np.digitize(rows[:, 0], [-0.5, 0.5])
    found = boost_classes(rows[:100], labels[:100], rows[100:130], labels[100:130])
    assert (found.predict(rows[130:]) == labels[130:]).mean() > 0.85


def test_numbers_of_another_slope_lose_their_weight():
    draw = np.random.default_rng(0)
    source, target, test = (draw.uniform(-1, 1, size=(n, 2)) for n in (300, 20, 200))
    numbers = np.where(source[:, 1] > 0, -2 * source[:, 0], 2 * source[:, 0])
    found = boost_numbers(source, numbers, target, 2 * target[:, 0])
    assert found.source_weights[source[:, 1] < 0].mean() > 1.3 * found.source_weights[source[:, 1] > 0].mean()
    assert np.abs(found.predict(test) - 2 * test[:, 0]).mean() < np.abs(2 * test[:, 0]).mean()


def test_one_class_in_the_target_is_refused():
    with pytest.raises(DataError, match="one class"):
        boost_classes(np.zeros((4, 1)), np.arange(4) % 2, np.zeros((3, 1)), np.zeros(3, dtype=np.int64))


def test_selection_takes_the_images_like_the_target():
    draw = np.random.default_rng(0)
    source = np.r_[draw.normal(0, 1, (100, 4)), draw.normal(4, 1, (30, 4))]
    found = select_images(source, draw.normal(4, 1, (50, 4)), 20)
    assert len(set(found.positions)) == 20
    assert (found.positions >= 100).mean() > 0.9
    assert found.distances[-1] < found.distances[0]


def test_the_first_image_taken_is_the_nearest_and_each_next_the_best():
    draw = np.random.default_rng(1)
    source, target = draw.normal(size=(8, 3)), draw.normal(size=(5, 3)) + 0.5
    found = select_images(source, target, 2)
    mean = target.mean(0)
    first = np.linalg.norm(source - mean, axis=1).argmin()
    rest = [k for k in range(8) if k != first]
    second = min(rest, key=lambda k: np.linalg.norm((source[first] + source[k]) / 2 - mean))
    assert found.positions.tolist() == [first, second]
    best = min(np.linalg.norm(source[list(p)].mean(0) - mean) for p in combinations(range(8), 2))
    assert found.distances[1] >= best - 1e-12  # greedy, not better than the best pair


def test_all_images_have_their_own_mean():
    source = np.random.default_rng(1).normal(size=(6, 2))
    found = select_images(source, source, 6)
    assert sorted(found.positions) == list(range(6))
    assert found.distances[-1] == pytest.approx(0, abs=1e-12)
    with pytest.raises(UsageError, match="Between 1 and 6"):
        select_images(source, source, 7)


def test_classes_are_ranked_by_their_nearest_mean():
    source = np.array([[0.0], [0.2], [5.0], [5.2], [9.0]])
    labels = np.array([3, 3, 7, 7, 8])
    order, near = rank_classes(source, labels, np.array([[5.0]]))
    assert order.tolist() == [7, 8, 3]
    assert near == pytest.approx(np.exp(-0.01 * np.array([0.1, 4.0, 4.9])))
    assert rank_classes(source, labels, np.array([[0.1], [9.0]]), np.array([0, 1]))[0].tolist() == [3, 8, 7]
