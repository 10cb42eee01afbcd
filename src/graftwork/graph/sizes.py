"""Arithmetic of shapes: exact where sizes are known, words where they are not.

Axes of what travels: (b, d); tokens (b, n, d); maps (b, c, n…), with two or three axes of places. The
*feature axis* is the last one of the first two and the channel axis of maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from graftwork.graph.ports import Dim, Misfit, Wire, show_shape

__all__ = [
    "Padding",
    "Shape",
    "feature_axis",
    "is_open",
    "per_axis",
    "places",
    "product",
    "upsampled",
    "want_rank",
    "windows",
    "with_features",
    "with_places",
]

Shape = tuple[Dim, ...]
Padding = Literal["same", "valid"]


def is_open(shape: Shape) -> bool:
    """Whether not even the number of axes is known."""
    return "..." in shape


def feature_axis(shape: Sequence[object]) -> int:
    """Return the axis that holds features: the channels of maps, else the last.

    >>> feature_axis(("b", 64, 7, 7)), feature_axis(("b", 49, 64))
    (1, 2)
    """
    return 1 if len(shape) >= 4 else len(shape) - 1


def places(shape: Shape) -> Shape:
    """Return the sizes of the axes of places.

    >>> places(("b", 64, 7, 9)), places(("b", 49, 64))
    ((7, 9), (49,))
    """
    return shape[2:] if len(shape) >= 4 else shape[1:-1]


def with_features(shape: Shape, size: Dim) -> Shape:
    """Return ``shape`` with another size of its feature axis."""
    axis = feature_axis(shape)
    return (*shape[:axis], size, *shape[axis + 1 :])


def with_places(shape: Shape, sizes: Sequence[Dim]) -> Shape:
    """Return ``shape`` with other sizes of its axes of places."""
    return (*shape[:2], *sizes) if len(shape) >= 4 else (shape[0], *sizes, shape[-1])


def per_axis(value: int | tuple[int, ...], rank: int, setting: str) -> tuple[int, ...]:
    """Return one number for each of ``rank`` axes.

    Raises:
        Misfit: a tuple of another length.
    """
    if isinstance(value, int):
        return (value,) * rank
    if len(value) != rank:
        raise Misfit(
            f"{setting} has {len(value)} numbers, but what comes in has {rank} axes of places.",
            setting=setting,
            hint=f"Give one number, or {rank}.",
        )
    return tuple(value)


def windows(size: Dim, kernel: int, stride: int, padding: Padding, dilation: int = 1) -> Dim:
    """Return how many windows fit along an axis, counted as Keras counts.

    ``same``: ⌈size / stride⌉; ``valid``: only whole windows inside.

    >>> windows(7, 3, 2, "same"), windows(7, 3, 2, "valid"), windows("h", 3, 2, "same")
    (4, 3, 'h/2')
    """
    reach = (kernel - 1) * dilation
    if isinstance(size, int):
        return -(-size // stride) if padding == "same" else (size - reach - 1) // stride + 1
    word = size if padding == "same" or reach == 0 else f"({size}-{reach})"
    return word if stride == 1 else f"{word}/{stride}"


def upsampled(size: Dim, kernel: int, stride: int, padding: Padding, dilation: int = 1) -> Dim:
    """Return the size after a transposed convolution: size · stride, and with ``valid`` the overhang.

    >>> upsampled(4, 3, 2, "same"), upsampled(4, 3, 2, "valid")
    (8, 9)
    """
    overhang = 0 if padding == "same" else max((kernel - 1) * dilation + 1 - stride, 0)
    if isinstance(size, int):
        return size * stride + overhang
    word = size if stride == 1 else f"{size}*{stride}"
    return f"({word}+{overhang})" if overhang else word


def product(sizes: Shape) -> Dim:
    """Return the product; a word when a size is not known.

    >>> product((3, 4)), product((3, "h", 2))
    (12, '6*h')
    """
    words = [s for s in sizes if isinstance(s, str)]
    number = prod(s for s in sizes if isinstance(s, int))
    if not words:
        return number
    return "*".join([str(number)] * (number != 1) + words)


def want_rank(wire: Wire, ranks: Sequence[int], wanted: str, *, port: str, hint: str | None = None) -> None:
    """Refuse what has another number of axes.

    Raises:
        Misfit: says what came in and what was wanted.
    """
    if not is_open(wire.shape) and len(wire.shape) not in ranks:
        raise Misfit(f"wants {wanted} but gets {show_shape(wire.shape)}.", port=port, hint=hint)
