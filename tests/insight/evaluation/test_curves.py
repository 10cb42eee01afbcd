"""Areas and curves against scikit-learn; what is not defined says why."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from graftwork.engine.metrics.classes import confusion_matrix
from graftwork.errors import ShapeError
from graftwork.insight.evaluation.curves import class_f1, rank_curves
from graftwork.insight.evaluation.doubt import entropies, margins


def made_up(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    return np.round(positive * 0.8 + rng.normal(size=n), 1), positive  # rounded: with ties


def test_areas_are_those_of_scikit_learn() -> None:
    scores, positive = made_up()
    found = rank_curves(scores, positive)
    assert found.auroc is not None
    assert found.average_precision is not None
    assert found.auroc.value == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    assert found.average_precision.value == pytest.approx(
        average_precision_score(positive, scores), abs=1e-12
    )
    for one in (found.auroc, found.average_precision):
        assert one.low < one.value < one.high
    assert rank_curves(scores, positive).auroc == found.auroc, "the same seed, the same interval"


def test_the_interval_of_the_area_is_near_the_formula_of_hanley_and_mcneil() -> None:
    scores, positive = made_up(600)
    found = rank_curves(scores, positive).auroc
    assert found is not None
    a, p, n = found.value, positive.sum(), (~positive).sum()
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    se = np.sqrt((a * (1 - a) + (p - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (p * n))
    assert found.high - found.low == pytest.approx(2 * 1.96 * se, rel=0.2)


def test_points_are_those_of_scikit_learn() -> None:
    scores, positive = made_up(60)
    found = rank_curves(scores, positive)
    fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.false_positive, fpr)
    np.testing.assert_allclose(found.true_positive, tpr)
    precision, recall, _ = precision_recall_curve(positive, scores)
    np.testing.assert_allclose(found.recall, recall[:-1][::-1])
    np.testing.assert_allclose(found.precision, precision[:-1][::-1])


def test_a_long_curve_keeps_its_ends_and_its_area() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(5000) < 0.5
    scores = positive + rng.normal(size=5000)
    found = rank_curves(scores, positive, most_points=100)
    assert 50 < len(found.false_positive) <= 102
    assert (found.false_positive[0], found.true_positive[-1]) == (0.0, 1.0)
    area = np.trapezoid(found.true_positive, found.false_positive)
    assert area == pytest.approx(roc_auc_score(positive, scores), abs=0.002)


@pytest.mark.parametrize(
    ("positive", "word"), [([0, 0, 0], "nothing to find"), ([1, 1, 1], "nothing to tell")]
)
def test_one_class_alone_has_no_area_and_says_why(positive: list[int], word: str) -> None:
    found = rank_curves(np.array([0.1, 0.5, 0.2]), np.array(positive))
    assert found.auroc is None
    assert found.reason is not None
    assert word in found.reason
    assert len(found.false_positive) == 0
    assert np.isfinite([*found.recall, *found.precision]).all()


def test_scores_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ShapeError, match="1 of 2 scores"):
        rank_curves(np.array([np.nan, 0.5]), np.array([0, 1]))


def test_f1_is_that_of_scikit_learn_and_none_of_absent_classes() -> None:
    rng = np.random.default_rng(0)
    labels, said = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    said = np.where(rng.random(200) < 0.6, labels, said)
    found = class_f1(confusion_matrix(labels, said, 4))
    expected = f1_score(labels, said, average=None)
    assert [f.value for f in found[:3] if f] == pytest.approx(expected)
    assert all(f.low < f.value < f.high for f in found[:3] if f)
    assert found[3] is None


def test_doubt_of_cases_counted_by_hand() -> None:
    p = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.6, 0.3, 0.1]])
    assert entropies(p)[:2] == pytest.approx([np.log(2), 0.0])
    assert margins(p) == pytest.approx([0.0, 1.0, 0.3])
    tags = np.array([[0.5, 1.0], [0.9, 0.2]])
    assert entropies(tags, is_each_alone=True)[0] == pytest.approx(np.log(2) / 2)
    assert margins(tags, is_each_alone=True) == pytest.approx([0.0, 0.6])
    assert margins(np.ones((2, 1))).tolist() == [1.0, 1.0]
