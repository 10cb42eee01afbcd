"""Buffers whose size is only known from what was learned: loaded in whatever size they were saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

__all__ = ["take_saved_sizes"]


def take_saved_sizes(module: nn.Module, names: Iterable[str], state: Mapping[str, Any], prefix: str) -> None:
    """Give buffers of a module the sizes that they have in a saved state; call it before loading.

    Args:
        module: changed in place.
        names: of its buffers.
        state: the saved state.
        prefix: of the module's names in it.
    """
    for name in names:
        saved = state.get(prefix + name)
        if isinstance(saved, Tensor):
            setattr(module, name, saved.new_zeros(saved.shape, device=getattr(module, name).device))
