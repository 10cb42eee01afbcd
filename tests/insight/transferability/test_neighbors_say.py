"""What the nearest neighbors say, against sorting all cosines by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from graftwork.insight.transferability.neighbors import said_by_neighbors


def others_by_cosine(features: np.ndarray, groups: np.ndarray, i: int, k: int) -> list[int]:
    rows = features - features.mean(0)
    cosine = [float(rows[i] @ r / np.linalg.norm(rows[i]) / np.linalg.norm(r)) for r in rows]
    others = [j for j in range(len(rows)) if groups[j] != groups[i]]
    return sorted(others, key=lambda j: -cosine[j])[:k]


@pytest.fixture
def given() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(4)
    return draw.normal(size=(40, 6)).astype(np.float32), np.arange(40) // 2  # pairs of copies


def test_classes_are_voted_for_and_a_tie_goes_to_the_nearest(given):
    features, groups = given
    labels = np.random.default_rng(1).integers(0, 3, 40) * 10
    said = said_by_neighbors(features, labels, groups, "category", k=4)
    for i in range(40):
        near = [int(labels[j]) for j in others_by_cosine(features, groups, i, 4)]
        votes = Counter(near)
        top = [label for label in near if votes[label] == max(votes.values())]
        assert said[i] == top[0]


def test_numbers_are_averaged_and_tags_want_more_than_half(given):
    features, groups = given
    numbers = np.random.default_rng(2).normal(size=(40, 2))
    tags = (numbers > 0).astype(float)
    said = said_by_neighbors(features, numbers, groups, "number", k=4)
    tagged = said_by_neighbors(features, tags, groups, "tags", k=4)
    for i in range(40):
        near = others_by_cosine(features, groups, i, 4)
        assert said[i] == pytest.approx(numbers[near].mean(0))
        assert tagged[i].tolist() == (tags[near].mean(0) > 0.5).astype(float).tolist()


def test_an_image_without_others_gets_what_is_commonest():
    features, labels = np.eye(4, dtype=np.float32), np.array([3, 3, 1, 3])
    groups = np.zeros(4, dtype=np.int64)
    assert said_by_neighbors(features, labels, groups, "category").tolist() == [3, 3, 3, 3]
    assert said_by_neighbors(features, labels[:, None] * 1.0, groups, "number").ravel().tolist() == [2.5] * 4
    assert said_by_neighbors(features, np.ones((4, 1)), groups, "tags").sum() == 0


def test_nothing_is_learned_from_copies_of_itself():
    """Random labels: with a copy of each image in the bank it would seem to know them all."""
    draw = np.random.default_rng(0)
    features = np.repeat(draw.normal(size=(100, 8)).astype(np.float32), 2, axis=0)
    labels = np.repeat(draw.integers(0, 2, 100), 2)
    apart, together = np.arange(200), np.repeat(np.arange(100), 2)
    assert (said_by_neighbors(features, labels, apart, "category", k=1) == labels).mean() == 1
    assert (said_by_neighbors(features, labels, together, "category", k=1) == labels).mean() < 0.65
