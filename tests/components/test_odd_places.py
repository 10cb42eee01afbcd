"""PaDiM and PatchCore against numpy, scikit-learn and cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.neighbors import NearestNeighbors

from graftwork.components.objectives import Anomaly, build_objective
from graftwork.components.padim import PlaceSet, shrinkages
from graftwork.components.patchcore import PatchBank, greedy_coreset
from graftwork.components.patches import PatchFeatures
from graftwork.errors import RunError, ShapeError
from graftwork.graph.objectives import AnomalySettings


@pytest.fixture
def maps() -> torch.Tensor:
    """Maps (40, 6, 3, 4), whose channels depend on each other."""
    draw = torch.Generator().manual_seed(0)
    mix = torch.randn(6, 6, generator=draw)
    return torch.einsum("nchw,cd->ndhw", torch.randn(40, 6, 3, 4, generator=draw), mix) + 3.0


def test_the_shrinkage_of_each_place_is_that_of_ledoit_and_wolf(maps: torch.Tensor) -> None:
    places = maps.flatten(2).permute(2, 0, 1).double()
    centered = places - places.mean(1, keepdim=True)
    wanted = [ledoit_wolf_shrinkage(place.numpy()) for place in places]
    assert shrinkages(centered).numpy() == pytest.approx(np.array(wanted), rel=1e-9)


@pytest.mark.parametrize("shrinkage", [None, 0.3])
def test_padim_is_the_mahalanobis_distance_of_each_place(maps: torch.Tensor, shrinkage: float | None) -> None:
    normal = PlaceSet(dimensions=4, shrinkage=shrinkage)
    normal.fit(maps)
    new = maps[:5] + 0.5
    found = normal.places(new)
    values = maps[:, normal.channels].numpy().astype(np.float64)
    asked = new[:, normal.channels].numpy().astype(np.float64)
    for row in range(3):
        for column in range(4):
            here = values[:, :, row, column]
            mean = here.mean(0)
            plain = (here - mean).T @ (here - mean) / len(here)
            share = ledoit_wolf_shrinkage(here - mean) if shrinkage is None else shrinkage
            mixed = (1 - share) * plain + share * np.trace(plain) / 4 * np.eye(4)
            gaps = asked[:, :, row, column] - mean
            wanted = np.sqrt(np.einsum("nd,de,ne->n", gaps, np.linalg.inv(mixed), gaps))
            assert found[:, row, column].numpy() == pytest.approx(wanted, rel=1e-4)
    assert torch.equal(normal(new)[:, 0], found.flatten(1).amax(1))


def test_the_channels_of_padim_are_drawn_once_for_a_seed(maps: torch.Tensor) -> None:
    sets = [PlaceSet(dimensions=3, seed=seed) for seed in (0, 0, 1)]
    for one in sets:
        one.fit(maps)
    assert torch.equal(sets[0].channels, sets[1].channels)
    assert len(set(sets[0].channels.tolist())) == 3
    assert not torch.equal(sets[0].channels, sets[2].channels)


def test_a_greedy_coreset_covers_within_twice_the_best_and_takes_far_points_first() -> None:
    line = torch.tensor([[0.0], [1.0], [2.0], [10.0]])
    # The mean is 3.25: the point nearest to it is 2, the farthest from that is 10, then 0.
    assert greedy_coreset(line, 3).tolist() == [2, 3, 0]
    assert sorted(greedy_coreset(line, 9).tolist()) == [0, 1, 2, 3]
    points = torch.randn(300, 5, generator=torch.Generator().manual_seed(1))
    chosen = greedy_coreset(points, 30)
    assert len(set(chosen.tolist())) == 30
    reach = torch.cdist(points, points[chosen]).amin(1).max()
    apart = torch.cdist(points[chosen], points[chosen]).fill_diagonal_(torch.inf).min()
    assert reach <= apart  # so that no other 30 points reach less than half of it


def test_patchcore_is_the_distance_to_the_nearest_normal_patch(maps: torch.Tensor) -> None:
    bank = PatchBank(bank_size=10_000)
    bank.fit(maps)
    patches = maps.permute(0, 2, 3, 1).reshape(-1, 6)
    assert len(bank.bank) == len(patches)
    new = maps[:3] + torch.randn(3, 6, 3, 4, generator=torch.Generator().manual_seed(2))
    asked = new.permute(0, 2, 3, 1).reshape(-1, 6).numpy()
    wanted = NearestNeighbors(n_neighbors=1).fit(patches.numpy()).kneighbors(asked)[0].reshape(3, 3, 4)
    assert bank.places(new).numpy() == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    assert bank.places(maps).max() < 1e-5


def test_the_score_of_patchcore_weighs_the_farthest_patch_by_its_neighborhood() -> None:
    bank = PatchBank(bank_size=3)
    bank.fit(torch.tensor([0.0, 1.0, 4.0]).reshape(1, 1, 1, 3))
    # The farthest patch is 6: its nearest is 4, at 2; from 6 the three lie at 6, 5 and 2.
    found = float(bank(torch.tensor([0.5, 6.0]).reshape(1, 1, 1, 2)))
    weight = 1 - np.exp(2) / (np.exp(6) + np.exp(5) + np.exp(2))
    assert found == pytest.approx(2 * weight, rel=1e-5)


def test_patches_are_the_mean_of_their_neighborhood_at_the_largest_size() -> None:
    large, small = torch.zeros(1, 1, 4, 4), torch.ones(1, 2, 2, 2)
    large[0, 0, 0, 0] = 4.0
    found = PatchFeatures(neighborhood=3)(small, large)
    assert found.shape == (1, 3, 4, 4)
    assert torch.equal(found[0, :2], torch.ones(2, 4, 4))
    assert found[0, 2, 0, 0] == 1.0  # of the four places in the corner
    assert found[0, 2, 1, 1] == pytest.approx(4 / 9)
    assert PatchFeatures(neighborhood=1, size=2)(small, large).shape == (1, 3, 2, 2)


@pytest.mark.parametrize("method", ["mahalanobis", "padim", "patchcore"])
def test_what_was_learned_is_saved_and_comes_back(maps: torch.Tensor, method: str) -> None:
    settings = AnomalySettings(method=method)
    first, again = (build_objective("anomaly", settings) for _ in range(2))
    assert isinstance(first, Anomaly)
    assert isinstance(again, Anomaly)
    first.fit(maps)
    first.fit_threshold(torch.arange(101.0))
    again.load_state_dict(first.state_dict())
    assert torch.equal(first.predict(maps[:4]), again.predict(maps[:4]))
    assert float(again.threshold) == pytest.approx(95.0)
    assert first.has_places == (method != "mahalanobis")


def test_a_run_from_before_thresholds_opens(maps: torch.Tensor) -> None:
    first, again = (build_objective("anomaly", AnomalySettings()) for _ in range(2))
    first.fit(maps)
    state = first.state_dict()
    del state["threshold"]
    again.load_state_dict(state)
    assert isinstance(again, Anomaly)
    assert torch.isnan(again.threshold)


@pytest.mark.parametrize("method", ["padim", "patchcore"])
def test_what_has_no_places_or_was_not_learned_is_refused(maps: torch.Tensor, method: str) -> None:
    objective = build_objective("anomaly", AnomalySettings(method=method))
    assert isinstance(objective, Anomaly)
    with pytest.raises(RunError, match="empty"):
        objective.predict(maps)
    with pytest.raises(ShapeError, match="wants maps"):
        objective.fit(maps[:, :, 0, 0])
    objective.fit(maps)
    with pytest.raises(ShapeError):
        objective.predict(maps[:, :3, :2])


def test_the_whole_image_has_no_places(maps: torch.Tensor) -> None:
    objective = build_objective("anomaly", AnomalySettings())
    assert isinstance(objective, Anomaly)
    objective.fit(maps)
    with pytest.raises(ShapeError, match="whole image"):
        objective.places(maps)
