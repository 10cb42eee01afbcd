"""Movement and batch-norm shift on numbers that are counted by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from graftwork.insight.drift import batch_norm_shift, movement


def test_movement_is_the_length_of_the_way_over_the_length_at_the_start():
    before = {"a": torch.tensor([3.0, 0.0]), "b": torch.tensor([[4.0]]), "c": torch.zeros(2)}
    after = {"a": torch.tensor([3.0, 0.3]), "b": torch.tensor([[3.6]]), "c": torch.zeros(2)}
    found = movement(before, after)
    assert found.relative == pytest.approx(0.5 / 5.0)  # √(0.3² + 0.4²) over √(3² + 4²)
    assert (found.num_values, found.num_tensors, found.moved_tensors) == (5, 3, 2)


def test_what_did_not_move_moved_by_exactly_zero():
    weights = {"a": torch.randn(7, 3), "b": torch.randn(4)}
    found = movement(weights, {name: t.clone() for name, t in weights.items()})
    assert (found.relative, found.moved_tensors) == (0.0, 0)


def test_without_a_start_or_without_numbers_there_is_no_relative_movement():
    assert movement({}, {}).relative is None
    assert movement({"a": torch.zeros(3)}, {"a": torch.ones(3)}).relative is None
    broken = movement({"a": torch.ones(2)}, {"a": torch.tensor([1.0, math.nan])})
    assert broken.relative is None
    assert not broken.is_finite


def norms(mean: list[float], variance: list[float]) -> nn.Module:
    layer = nn.BatchNorm2d(len(mean), eps=0.0)
    layer.running_mean, layer.running_var = torch.tensor(mean), torch.tensor(variance)
    return nn.Sequential(nn.Conv2d(1, len(mean), 1), layer)


def test_a_shift_is_told_in_standard_deviations_and_a_ratio_as_its_logarithm():
    found = batch_norm_shift(norms([0.0, 1.0], [4.0, 1.0]), norms([1.0, -1.0], [4.0, math.e]))
    assert found is not None
    assert found.mean_shift == pytest.approx((0.5 + 2.0) / 2)
    assert found.log_variance_ratio == pytest.approx((0.0 + 1.0) / 2)
    assert (found.num_layers, found.num_channels) == (1, 2)


def test_the_variance_may_go_either_way():
    up = batch_norm_shift(norms([0.0], [1.0]), norms([0.0], [2.0]))
    down = batch_norm_shift(norms([0.0], [1.0]), norms([0.0], [0.5]))
    assert up is not None
    assert down is not None
    assert up.log_variance_ratio == pytest.approx(down.log_variance_ratio) == pytest.approx(math.log(2))


def test_a_part_without_running_statistics_has_no_shift():
    assert batch_norm_shift(nn.Linear(2, 2), nn.Linear(2, 2)) is None
    assert batch_norm_shift(nn.LayerNorm(2), nn.LayerNorm(2)) is None
