"""Freezing: parameters without gradient, statistics held, dropout off, whatever the parent is told.

``requires_grad = False`` alone does not freeze a batch-norm layer: its running statistics move with
every forward pass in training mode, and ``parent.train()`` puts frozen children back into that mode.
A held module therefore ignores ``train()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.documents.recipe import BatchNormMode

__all__ = [
    "free",
    "freeze",
    "hold",
    "hold_frozen_layers",
    "is_batch_norm",
    "is_held",
    "set_batch_norm",
    "without_hold",
]

_held_types: dict[type[nn.Module], type[nn.Module]] = {}


def is_batch_norm(module: nn.Module) -> bool:
    """Whether a module keeps running statistics of a batch."""
    return (
        isinstance(module, _BatchNorm)
        or (hasattr(module, "running_mean") and hasattr(module, "running_var"))
        or getattr(module, "is_batch_norm", False)
    )


def is_held(module: nn.Module) -> bool:
    """Whether a module stays in inference mode for good."""
    return getattr(type(module), "_graftwork_held", False)


def _held_type(kind: type[nn.Module]) -> type[nn.Module]:
    if kind not in _held_types:

        def train(self: nn.Module, mode: bool = True) -> nn.Module:  # noqa: ARG001
            return self

        body: dict[str, Any] = {"train": train, "_graftwork_held": True, "__module__": kind.__module__}
        _held_types[kind] = type(kind.__name__, (kind,), body)
    return _held_types[kind]


def hold(module: nn.Module) -> None:
    """Put a module into inference mode for good: a later ``train()`` of its parent changes nothing."""
    module.eval()
    if not is_held(module) and not isinstance(module, torch.fx.GraphModule):
        module.__class__ = _held_type(type(module))


@contextmanager
def without_hold(module: nn.Module) -> Iterator[None]:
    """Let a module be of its own type for as long as this lasts, and held again where it was."""
    was_held = is_held(module)
    if was_held:
        module.__class__ = type(module).__bases__[0]
    yield
    if was_held:
        hold(module)


def freeze(module: nn.Module) -> None:
    """Freeze a module: no gradients, statistics held, dropout and stochastic depth off."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    for child in module.modules():
        hold(child)


def free(module: nn.Module) -> None:
    """Undo ``freeze``: gradients flow, ``train()`` is obeyed again."""
    for parameter in module.parameters():
        parameter.requires_grad_(True)
    for child in module.modules():
        if is_held(child):
            child.__class__ = type(child).__bases__[0]


def hold_frozen_layers(module: nn.Module) -> None:
    """Hold each layer whose own parameters are all frozen: batch-norm statistics in it stay."""
    for layer in module.modules():
        own = list(layer.parameters(recurse=False))
        if own and not any(p.requires_grad for p in own):
            hold(layer)


def set_batch_norm(module: nn.Module, mode: BatchNormMode) -> None:
    """Set how the batch-norm layers of a *trainable* module behave.

    'held' and 'adapt' keep the statistics as they are; 'follow' lets them move while training.
    """
    if mode == "follow":
        return
    for child in module.modules():
        if is_batch_norm(child):
            hold(child)
