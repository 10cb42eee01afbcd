"""Weights that bring the source nearer, and boosting beside its controls, on shifts of known truth."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from graftwork.errors import DataError
from graftwork.insight.instances.weighing import WEIGHERS, boosted, mean_distance, weigh_images


def shifted(count=200, seed=0, shift=1.0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(count, 3)), draw.normal(size=(count, 3)) * 0.7 + [shift, 0, 0]


@pytest.mark.parametrize("method", [*WEIGHERS, "select"])
def test_weights_have_mean_one_and_move_the_mean_to_the_target(method):
    source, target = shifted()
    weights = weigh_images(source, target, method)
    assert weights.min() >= 0
    assert weights.mean() == pytest.approx(1.0)
    assert mean_distance(source, target, weights) < 0.7 * mean_distance(source, target)


@pytest.mark.parametrize("method", ["domain_classifier", "rulsif"])
def test_one_domain_gives_weights_near_one(method):
    source, _ = shifted()
    other, _ = shifted(seed=5)
    weights = weigh_images(source, other, method)
    assert np.square(weights).mean() < 1.7


def test_selected_images_count_alike_and_others_nothing():
    source, target = shifted()
    weights = weigh_images(source, target, "select", num=20)
    assert sorted(set(weights.tolist())) == [0.0, 10.0]
    assert (weights > 0).sum() == 20


def test_weights_help_a_model_that_is_too_simple_under_covariate_shift_and_not_under_another_concept():
    """A line through a curve: where the target lies decides which line is right."""
    draw = np.random.default_rng(0)
    source, target = draw.normal(size=(400, 1)), draw.normal(size=(400, 1)) * 0.4 + 1.2
    curve = lambda x: np.sin(1.5 * x[:, 0])  # noqa: E731
    weights = weigh_images(source, target, "rulsif")

    def error(truth, sample_weight=None):
        line = LinearRegression().fit(source, curve(source), sample_weight=sample_weight)
        return float(np.square(line.predict(target) - truth).mean())

    assert error(curve(target), weights) < 0.5 * error(curve(target))
    assert error(-curve(target), weights) > error(-curve(target))  # the concept turned round: weights harm


def classes(count, seed, flipped=0.0):
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    rows = draw.normal(size=(count, 4))
    rows[:, 0] += 3.0 * labels
    wrong = draw.random(count) < flipped
    return rows, np.where(wrong, 1 - labels, labels)


def test_boosting_weighs_down_source_images_that_contradict_the_target():
    source, labels = classes(200, 0)
    half = np.arange(200) < 160
    labels = np.where(half, 1 - labels, labels)  # most of the source says the opposite
    target, truth = classes(60, 1)
    found = boosted(source, labels, target, truth, 2)
    assert found.weights[half].mean() < 0.5 * found.weights[~half].mean()
    names = [s.name for s in found.scores]
    assert names == ["TrAdaBoost", "target alone", "source and target"]
    by_name = {s.name: s for s in found.scores}
    assert by_name["source and target"].verdict == "harmful"
    assert by_name["TrAdaBoost"].accuracy.value > by_name["source and target"].accuracy.value


def test_boosting_wants_labels_of_two_classes():
    rows, labels = classes(40, 0)
    with pytest.raises(DataError, match="two images of each"):
        boosted(rows, labels, rows[:5], np.array([0, 0, 0, 0, 1]), 2)
