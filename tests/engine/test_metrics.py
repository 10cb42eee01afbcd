"""Scores against scikit-learn and against numbers from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from graftwork.engine.metrics.classes import balanced_accuracy, confusion_matrix, log_losses, score, wilson
from graftwork.errors import ShapeError


def _random(seed: int, n: int = 60, k: int = 4):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    probabilities = rng.dirichlet(np.ones(k), n)
    return probabilities, labels


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_scores_agree_with_scikit_learn(seed):
    probabilities, labels = _random(seed)
    labels[:4] = range(4)
    predicted = probabilities.argmax(1)
    scores = score(probabilities, labels, "abcd", majority_class=0)
    assert scores.accuracy.value == pytest.approx(sk.accuracy_score(labels, predicted))
    assert scores.balanced_accuracy.value == pytest.approx(sk.balanced_accuracy_score(labels, predicted))
    assert scores.macro_f1.value == pytest.approx(sk.f1_score(labels, predicted, average="macro"))
    assert scores.log_loss.value == pytest.approx(sk.log_loss(labels, probabilities), rel=1e-4)
    assert (np.array(scores.confusion) == sk.confusion_matrix(labels, predicted)).all()
    recall = sk.recall_score(labels, predicted, average=None)
    precision = sk.precision_score(labels, predicted, average=None, zero_division=np.nan)
    for i, one in enumerate(scores.classes):  # precision and recall must not be swapped
        assert one.recall.value == pytest.approx(recall[i])
        said = one.precision.value if one.precision else np.nan
        assert said == pytest.approx(precision[i], nan_ok=True)


def test_wilson_number_from_elsewhere():
    """Agresti & Coull 1998, p. 122: 0 of 10 gives (0, 0.278)."""
    interval = wilson(0, 10)
    assert interval.low == 0.0
    assert interval.high == pytest.approx(0.278, abs=5e-4)


@given(hits=st.integers(0, 50), extra=st.integers(1, 50))
def test_wilson_solves_its_equation(hits, extra):
    """Both ends lie where the score test turns: |share − p| = z·sqrt(p(1−p)/n)."""
    total = hits + extra
    interval = wilson(hits, total)
    for end in (interval.low, interval.high):
        if 1e-9 < end < 1 - 1e-9:
            gap = abs(hits / total - end)
            assert gap == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / total), rel=1e-5, abs=1e-9)


def test_bootstrap_interval_covers_at_its_rate():
    """Of 200 samples of a known classifier about 95 % of the intervals hold the true balanced accuracy."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        labels = rng.integers(0, 2, 120)
        right = rng.random(120) < np.where(labels == 0, 0.9, 0.7)
        said = np.where(right, labels, 1 - labels)
        interval = score(np.eye(2)[said] * 0.8 + 0.1, labels, "ab", majority_class=0).balanced_accuracy
        held += interval.low <= 0.8 <= interval.high
    assert 178 <= held <= 199


def test_absent_and_never_predicted_classes():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    scores = score(probabilities, np.array([0, 1]), "abc", majority_class=0)
    assert scores.balanced_accuracy.value == 0.5
    assert scores.classes[2].recall is None
    assert scores.classes[2].f1 is None
    assert scores.classes[1].precision is None
    assert scores.majority_accuracy == 0.5


def test_certain_and_wrong_is_finite():
    assert np.isfinite(log_losses(np.array([[1.0, 0.0]]), np.array([1]))).all()


def test_small_helpers():
    confusion = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert confusion.tolist() == [[1, 1], [0, 1]]
    assert balanced_accuracy(confusion) == pytest.approx(0.75)


@pytest.mark.parametrize(("p", "y"), [((3, 2), 2), ((0, 2), 0), ((3, 3), 3)])
def test_shapes_are_checked(p, y):
    with pytest.raises(ShapeError):
        score(np.zeros(p), np.zeros(y, dtype=int), "ab", majority_class=0)
