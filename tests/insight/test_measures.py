"""The main score under weights is scikit-learn's, and differences are paired."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, r2_score, roc_auc_score

from graftwork.errors import ShapeError
from graftwork.insight.measures import main_measure, paired_difference

rng = np.random.default_rng(2)
N = 60
WEIGHTS = [np.ones(N), np.bincount(rng.integers(N, size=N), minlength=N).astype(np.float64)]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_each_kind_scores_as_scikit_learn(weights: np.ndarray) -> None:
    said, labels = rng.random((N, 3)), rng.integers(3, size=N)
    found = main_measure("category", said, labels)(weights)
    assert found == pytest.approx(accuracy_score(labels, said.argmax(1), sample_weight=weights))
    tags = rng.integers(2, size=(N, 3))
    each = [average_precision_score(tags[:, j], said[:, j], sample_weight=weights) for j in range(3)]
    assert main_measure("tags", said, tags)(weights) == pytest.approx(np.mean(each))
    numbers = said + rng.normal(0, 0.2, said.shape)
    theirs = r2_score(numbers, said, sample_weight=weights)
    assert main_measure("number", said, numbers)(weights) == pytest.approx(theirs)
    odd = tags[:, 0]
    auroc = roc_auc_score(odd, said[:, 0], sample_weight=weights)
    assert main_measure("anomaly", said[:, :1], odd)(weights) == pytest.approx(auroc)


def test_what_is_hard_for_both_cancels() -> None:
    right = rng.random(200) < 0.7
    better = right.copy()
    better[np.flatnonzero(~right)[:6]] = True  # six images more, all else the same

    def measure(hits: np.ndarray) -> object:
        return main_measure("category", np.stack([~hits, hits], 1).astype(float), np.ones(200, np.int64))

    gain = paired_difference(measure(better), measure(right), 200)  # type: ignore[arg-type]
    assert gain.value == pytest.approx(0.03)
    assert 0 < gain.low < gain.value < gain.high < 0.06  # two separate intervals are ±0.06 each
    same = paired_difference(measure(right), measure(right), 200)  # type: ignore[arg-type]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_the_interval_is_that_of_a_loop_written_out() -> None:
    one, other = rng.random(50) < 0.8, rng.random(50) < 0.5

    def measure(hits: np.ndarray) -> object:
        return main_measure("category", np.stack([~hits, hits], 1).astype(float), np.ones(50, np.int64))

    found = paired_difference(measure(one), measure(other), 50, seed=9)  # type: ignore[arg-type]
    draw = np.random.default_rng(9)
    gaps = []
    for _ in range(500):
        picked = draw.integers(50, size=50)
        gaps.append(one[picked].mean() - other[picked].mean())
    assert found.low == pytest.approx(np.quantile(gaps, 0.025))
    assert found.high == pytest.approx(np.quantile(gaps, 0.975))


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="3 and 2"):
        main_measure("category", np.ones((3, 2)), np.ones(2))
