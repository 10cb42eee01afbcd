"""Frozen means: no gradient, no statistics, no dropout, whatever the parent is told."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from graftwork.engine.freeze import free, freeze, is_held, set_batch_norm


def _block() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))


def _state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in module.state_dict().items()}


@pytest.mark.parametrize("wake", ["parent", "child", "grandchild"])
def test_training_mode_does_not_wake_a_frozen_block(wake):
    parent = nn.Sequential(_block(), nn.Flatten())
    freeze(parent[0])
    {"parent": parent, "child": parent[0], "grandchild": parent[0][1]}[wake].train()
    before = _state(parent)
    x = torch.randn(8, 3, 6, 6)
    first, second = parent(x), parent(x)
    assert torch.equal(first, second)  # dropout is off
    for name, value in parent.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not first.requires_grad


def test_requires_grad_alone_does_not_freeze():
    """The trap itself (METHODS G 1): it must be real for the law above to mean something."""
    block = _block().train()
    block.requires_grad_(False)
    before = _state(block)
    block(torch.randn(8, 3, 6, 6))
    assert not torch.equal(block[1].running_mean, before["1.running_mean"])


def test_free_undoes_freeze():
    block = _block()
    kinds = [type(m) for m in block.modules()]
    freeze(block)
    assert all(is_held(m) for m in block.modules())
    free(block)
    assert [type(m) for m in block.modules()] == kinds
    block.train()
    assert block[1].training
    assert all(p.requires_grad for p in block.parameters())


def test_held_batch_norm_in_a_trainable_block():
    block = _block()
    set_batch_norm(block, "held")
    block.train()
    before = _state(block)
    block(torch.randn(8, 3, 6, 6)).sum().backward()
    assert torch.equal(block[1].running_mean, before["1.running_mean"])
    assert block[1].weight.grad is not None
    assert block[3].training  # dropout of a trainable part stays on


def test_follow_leaves_batch_norm_free():
    block = _block()
    set_batch_norm(block, "follow")
    block.train()
    before = _state(block)
    block(torch.randn(8, 3, 6, 6))
    assert not torch.equal(block[1].running_mean, before["1.running_mean"])


def test_copies_of_frozen_blocks_are_frozen():
    block = _block()
    freeze(block)
    twin = copy.deepcopy(block)
    twin.train()
    before = _state(twin)
    twin(torch.randn(8, 3, 6, 6))
    assert torch.equal(twin[1].running_mean, before["1.running_mean"])
    assert isinstance(twin[1], nn.BatchNorm2d)
