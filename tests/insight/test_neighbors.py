"""Neighbors against a loop written out, and trustworthiness against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from graftwork.engine.metrics.bootstrap import mean_interval
from graftwork.errors import ShapeError
from graftwork.insight.embedding import pca
from graftwork.insight.neighbors import (
    Neighbors,
    agreement,
    nearest,
    nearest_on_plane,
    trust_of_points,
)


def cosine(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return 1.0 if lengths == 0 else 1.0 - float(a @ b) / lengths


def test_neighbors_are_those_of_a_loop_over_all() -> None:
    rng = np.random.default_rng(0)
    queries, bank = rng.normal(size=(300, 9)), rng.normal(size=(170, 9))  # more than a batch
    found = nearest(queries.astype(np.float32), bank.astype(np.float32), 6)
    for row in range(0, 300, 7):
        gaps = np.array([cosine(queries[row], other) for other in bank])
        assert found.positions[row].tolist() == np.argsort(gaps, kind="stable")[:6].tolist()
        np.testing.assert_allclose(found.distances[row], np.sort(gaps)[:6], atol=1e-5)


def test_the_length_of_features_does_not_matter_and_opposites_are_two_apart() -> None:
    bank = np.array([[1.0, 0.0], [0.0, 5.0], [-9.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    found = nearest(np.array([[30.0, 0.0]], dtype=np.float32), bank, 4)
    assert found.positions.tolist() == [[0, 1, 3, 2]]
    np.testing.assert_allclose(found.distances, [[0.0, 1.0, 1.0, 2.0]], atol=1e-6)


def test_an_image_is_not_its_own_neighbor_but_its_copy_is() -> None:
    bank = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    found = nearest(bank[:1], bank, 8, own=np.array([0]))
    assert found.positions.tolist() == [[1, 2]]
    assert nearest(bank[:1], bank, 8, own=np.array([-1])).positions.tolist() == [[0, 1]]


def test_few_images_have_few_neighbors() -> None:
    one = np.ones((1, 3), dtype=np.float32)
    assert nearest(one, one, 5, own=np.array([0])).positions.shape == (1, 0)
    assert nearest(one, one[:0], 5).positions.shape == (1, 0)
    with pytest.raises(ShapeError, match="one width"):
        nearest(one, np.ones((2, 4), dtype=np.float32), 1)


def test_neighbors_on_the_map_are_those_of_a_loop() -> None:
    points = np.random.default_rng(5).normal(size=(140, 2))
    found = nearest_on_plane(points, points, 3, own=np.arange(140))
    for row in range(140):
        gaps = np.linalg.norm(points - points[row], axis=1)
        gaps[row] = np.inf
        assert found.positions[row].tolist() == np.argsort(gaps)[:3].tolist()


@pytest.mark.parametrize("k", [1, 5, 15])
def test_trustworthiness_is_that_of_scikit_learn(k: int) -> None:
    x = np.random.default_rng(2).normal(size=(90, 20)).astype(np.float32)
    points = pca(x).points
    found = trust_of_points(x, points, k)
    assert found.mean() == pytest.approx(trustworthiness(x, points, n_neighbors=k, metric="cosine"), abs=1e-9)


def test_a_map_that_keeps_all_distances_is_trusted_wholly() -> None:
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 60)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert trust_of_points(circle, circle, 5).tolist() == [1.0] * 60
    with pytest.raises(ShapeError):
        trust_of_points(circle[:4], circle[:4], 2)


def test_agreement_counts_equal_labels() -> None:
    near = Neighbors(np.array([[0, 1], [1, 2]]), np.zeros((2, 2)))
    shares = agreement(np.array([7, 8]), np.array([7, 8, 8]), near)
    assert shares.tolist() == [0.5, 1.0]
    found = mean_interval(shares, seed=0)
    assert found.value == 0.75
    assert found.low <= 0.75 <= found.high
