"""Nearest images beside scikit-learn's exact search; look-alikes stand out from their surroundings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from graftwork.insight import neighbors as module
from graftwork.insight.neighbors import Neighbors, nearest_of_others
from graftwork.insight.quality.look_alikes import NUM_NEIGHBORS, find_look_alikes
from graftwork.insight.quality.outliers import find_outliers


def cloud(num: int = 120, width: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(num, width)) + 3.0


def find_neighbors(features: np.ndarray, groups: np.ndarray) -> Neighbors:
    return nearest_of_others(features, groups, NUM_NEIGHBORS)


def test_neighbors_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    features = cloud()
    centered = features - features.mean(0)
    search = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute").fit(centered)
    distances, indices = search.kneighbors(centered)
    found = find_neighbors(features, np.arange(120))
    assert (found.positions == indices[:, 1:]).all()
    assert found.distances == pytest.approx(distances[:, 1:], abs=1e-5)
    monkeypatch.setattr(module, "_BATCH", 7)  # blocks of seven rows
    again = find_neighbors(features, np.arange(120))
    assert (again.positions == found.positions).all()


def test_images_of_one_group_are_no_neighbors() -> None:
    groups = np.arange(120) // 2
    found = find_neighbors(cloud(), groups)
    assert (groups[found.positions] != groups[:, None]).all()


@pytest.mark.parametrize("num", [1, 2, 5])
def test_few_images_have_few_neighbors_and_no_look_alikes(num: int) -> None:
    found = find_neighbors(cloud(num), np.arange(num))
    assert found.positions.shape == (num, num - 1)
    assert len(find_look_alikes(found).pairs) == 0
    assert len(find_outliers(cloud(num), np.arange(num), seed=0).indices) == 0


def test_planted_look_alikes_are_found_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    features = cloud(400, 64)
    near = features[:20] + rng.normal(size=(20, 64)) * 0.15
    everything = np.concatenate([features, near])
    found = find_look_alikes(find_neighbors(everything, np.arange(420)))
    assert {tuple(p) for p in found.pairs.tolist()} == {(i, 400 + i) for i in range(20)}
    assert 0 < found.threshold < 0.8


def test_three_of_a_kind_are_three_pairs() -> None:
    rng = np.random.default_rng(1)
    features = cloud(200, 64)
    for place in (198, 199):
        features[place] = features[0] + rng.normal(size=64) * 0.1
    found = find_look_alikes(find_neighbors(features, np.arange(200)))
    assert {tuple(p) for p in found.pairs.tolist()} == {(0, 198), (0, 199), (198, 199)}


def test_an_even_cloud_has_no_look_alikes_and_hardly_an_outlier() -> None:
    features = cloud(500, 64)
    assert len(find_look_alikes(find_neighbors(features, np.arange(500))).pairs) == 0
    assert len(find_outliers(features, np.arange(500), seed=0).indices) <= 5


def test_planted_outliers_come_first_even_as_twins() -> None:
    features = cloud(300, 32)
    features[[3, 50, 51]] += np.random.default_rng(2).normal(size=(3, 32)) * 4.0
    features[51] = features[50]
    groups = np.arange(300)
    groups[51] = 50
    found = find_outliers(features, groups, seed=0)
    assert set(found.indices[:3].tolist()) == {3, 50, 51}
    assert (np.diff(found.scores[found.indices]) <= 0).all()
    again = find_outliers(features, groups, seed=0)
    assert (again.distances == found.distances).all()


def test_distances_are_those_to_images_that_were_not_measured_with_it() -> None:
    from sklearn.covariance import LedoitWolf

    features = cloud(90, 6)
    found = find_outliers(features, np.arange(90), seed=4)
    part = np.random.default_rng(4).permutation(90) % 3
    fit = LedoitWolf().fit(features[part != part[0]])
    assert found.distances[0] == pytest.approx(np.sqrt(fit.mahalanobis(features[:1]))[0], rel=1e-3)
