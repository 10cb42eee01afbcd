"""Maps of features: components against scikit-learn, laws of overlays, fair samples."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from graftwork.errors import DataError, MissingExtra, ShapeError
from graftwork.insight.embedding import pca, procrustes, umap_points, unit_rows


def features(n: int, d: int, seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) * np.linspace(3, 0.5, d) + 5).astype(np.float32)


@pytest.mark.parametrize(("n", "d"), [(300, 12), (20, 64), (5000, 6)])
def test_components_are_those_of_scikit_learn_up_to_sign(n: int, d: int) -> None:
    x = features(n, d)
    found = pca(x)
    other = PCA(n_components=2, svd_solver="full").fit(x.astype(np.float64))
    points = other.transform(x.astype(np.float64))
    signs = np.sign((points * found.points).sum(0))
    np.testing.assert_allclose(found.points, points * signs, atol=1e-6 * np.abs(points).max())
    np.testing.assert_allclose(found.explained, other.explained_variance_ratio_, rtol=1e-6)


@pytest.mark.parametrize("x", [features(50, 8), features(8, 50)])
def test_signs_do_not_depend_on_the_order_of_the_images(x: np.ndarray[Any, Any]) -> None:
    order = np.random.default_rng(1).permutation(len(x))
    np.testing.assert_allclose(pca(x[order]).points, pca(x).points[order], atol=1e-5)


def test_components_of_few_or_equal_images() -> None:
    assert pca(np.ones((1, 4), dtype=np.float32)).points.tolist() == [[0.0, 0.0]]
    same = pca(np.full((6, 4), 0.7, dtype=np.float32))
    assert np.abs(same.points).max() < 1e-6
    two = pca(np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]], dtype=np.float32))
    assert np.abs(two.points[:, 0]).tolist() == pytest.approx([2.5, 2.5])
    assert np.abs(two.points[:, 1]).max() < 1e-6
    assert two.explained.tolist() == pytest.approx([1.0, 0.0])
    one_feature = pca(np.array([[1.0], [2.0], [4.0]], dtype=np.float32))
    assert one_feature.points.shape == (3, 2)
    with pytest.raises(ShapeError):
        pca(np.empty((0, 3), dtype=np.float32))


def turned(points: np.ndarray[Any, Any], angle: float, *, is_mirrored: bool) -> np.ndarray[Any, Any]:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ (turn @ np.diag([-1.0 if is_mirrored else 1.0, 1.0]))


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_turned_mirrored_larger_copy_lies_exactly_over_the_first(is_mirrored: bool) -> None:
    fixed = np.random.default_rng(0).normal(size=(40, 2))
    moved, disparity = procrustes(7 * turned(fixed, 2.1, is_mirrored=is_mirrored) + 30, fixed)
    np.testing.assert_allclose(moved, fixed, atol=1e-12)
    assert disparity == pytest.approx(0, abs=1e-12)


def test_the_overlay_is_the_best_of_all_turns_and_keeps_the_size() -> None:
    from scipy.spatial import procrustes as reference

    rng = np.random.default_rng(3)
    fixed, moving = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) * [2, 0.3]
    moved, disparity = procrustes(moving, fixed)
    assert disparity == pytest.approx(reference(fixed, moving)[2])
    assert np.linalg.norm(moved - moved.mean(0)) == pytest.approx(np.linalg.norm(fixed - fixed.mean(0)))
    gap = np.linalg.norm(moved - fixed)
    for angle in np.linspace(0, 6.2, 30):
        for is_mirrored in (False, True):
            center = fixed.mean(0)
            assert (
                np.linalg.norm(turned(moved - center, angle, is_mirrored=is_mirrored) + center - fixed)
                >= gap - 1e-9
            )


def test_points_that_all_lie_in_one_place_can_be_overlaid() -> None:
    fixed = np.random.default_rng(0).normal(size=(5, 2))
    moved, disparity = procrustes(np.zeros((5, 2)), fixed)
    np.testing.assert_allclose(moved, np.tile(fixed.mean(0), (5, 1)))
    assert disparity == 1.0
    assert procrustes(np.zeros((5, 2)), np.ones((5, 2)))[1] == 0.0
    with pytest.raises(ShapeError):
        procrustes(np.zeros((5, 2)), np.zeros((4, 2)))


@pytest.mark.slow
def test_umap_keeps_clusters_and_is_the_same_for_a_seed() -> None:
    pytest.importorskip("umap")
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 20)
    x = (np.eye(3)[groups] @ rng.normal(size=(3, 30)) * 4 + rng.normal(size=(60, 30))).astype(np.float32)
    points = umap_points(x, seed=1)
    assert np.array_equal(points, umap_points(x, seed=1))
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (groups[gaps.argmin(1)] == groups).mean() == 1.0


def test_umap_of_too_few_images_or_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="at least 5"):
        umap_points(features(4, 3))
    original = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "umap":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra) as caught:
        umap_points(features(10, 3))
    assert "graftwork[map]" in str(caught.value.hint)


def test_rows_of_zeros_stay() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0.0, 0.0]]
