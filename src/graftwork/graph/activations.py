"""Activations by name, and the range of what each gives."""

from __future__ import annotations

from math import inf
from typing import Literal

__all__ = ["ActivationName", "range_after"]

ActivationName = Literal[
    "none",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "hard_swish",
    "softplus",
    "sigmoid",
    "tanh",
]

_RANGES: dict[str, tuple[float, float]] = {
    "relu": (0.0, inf),
    "relu6": (0.0, 6.0),
    "elu": (-1.0, inf),
    "softplus": (0.0, inf),
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
}


def range_after(name: ActivationName) -> tuple[float, float] | None:
    """Return the range of an activation's values, None where it says nothing useful.

    >>> range_after("sigmoid")
    (0.0, 1.0)
    """
    return _RANGES.get(name)
