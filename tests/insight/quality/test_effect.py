"""What mending labels gives: known where the labels were spoilt on purpose."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from graftwork.insight.quality.effect import Refit, compare_labels

Ints = NDArray[np.int64]


def spoilt(share: float = 0.35) -> tuple[NDArray[np.float64], Ints, Ints]:
    """Return features, true labels, and labels of which a share of the first 120 is wrong in one direction."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=320)
    features = rng.normal(size=(320, 40)) + 1.2 * np.where(truth[:, None] == 1, 1.0, -1.0) * np.eye(40)[0]
    labels = truth.copy()
    wrong = rng.choice(np.flatnonzero(truth[:120] == 1), int(share * 120), replace=False)
    labels[wrong] = 0
    return features, truth, labels


def compare(features: NDArray[np.float64], before: Ints, after: Ints) -> Refit:
    return compare_labels(
        features,
        before,
        after,
        train=np.arange(120),
        scored={"validation": np.arange(120, 220), "test": np.arange(220, 320)},
        groups=np.arange(320),
        seed=0,
    )


def test_mended_labels_gain_and_the_interval_says_so() -> None:
    features, truth, labels = spoilt()
    found = compare(features, labels, truth)
    assert found.num_changed == int(0.35 * 120)
    for change in found.changes.values():
        assert change.num_images == 100
        assert change.difference.value == pytest.approx(change.after.value - change.before.value)
        assert change.difference.low > 0.0


def test_nothing_changed_is_no_difference() -> None:
    features, truth, _ = spoilt()
    found = compare(features, truth, truth)
    assert found.num_changed == 0
    for change in found.changes.values():
        assert (change.difference.value, change.difference.low, change.difference.high) == (0.0, 0.0, 0.0)


def test_spoiling_is_the_mirror_of_mending() -> None:
    features, truth, labels = spoilt()
    there, back = compare(features, labels, truth), compare(features, truth, labels)
    if there.strength == back.strength:
        assert there.changes["test"].difference.value == -back.changes["test"].difference.value
    assert back.changes["test"].difference.value < 0


def test_scored_labels_stay_as_they_were() -> None:
    features, truth, _ = spoilt()
    after = truth.copy()
    after[220:] = 1 - after[220:]
    after[120:150] = -1
    found = compare(features, truth, after)
    assert found.num_changed == 0
    assert found.changes["validation"].num_images == 100
    assert found.changes["test"].difference.value == 0.0


def test_images_left_out_before_are_not_scored_and_a_single_class_is_its_own_answer() -> None:
    features, truth, _ = spoilt()
    before = truth.copy()
    before[220:250] = -1
    assert compare(features, before, before).changes["test"].num_images == 70
    after = np.where(truth[:120] == 1, -1, truth[:120])
    found = compare(features, truth, np.concatenate([after, truth[120:]]))
    assert found.changes["test"].after.value == pytest.approx((truth[220:] == 0).mean())
