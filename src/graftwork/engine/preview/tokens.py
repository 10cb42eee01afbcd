"""Tokens of a transformer on the grid of patches that they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["TokenGrid", "is_channels_last", "on_grid", "token_grid"]

_EXTRAS = (0, 1, 2, 5)
"""Tokens before the patches: none; a class token; one more to distill into; a class token and four registers."""


@dataclass(frozen=True)
class TokenGrid:
    """Where tokens lie.

    Args:
        extra: tokens before those of the grid, such as a class token.
        height: rows of patches.
        width: patches in a row.
    """

    extra: int
    height: int
    width: int


def token_grid(num_tokens: int, size: tuple[int, int] | None = None) -> TokenGrid | None:
    """Return the grid of ``num_tokens`` tokens, None when they lie on none.

    Args:
        num_tokens: with those that stand for no patch.
        size: height and width of the image; without it the grid is a square.
    """
    height, width = size or (1, 1)
    for extra in _EXTRAS:
        count = num_tokens - extra
        rows = round((max(0, count) * height / width) ** 0.5)
        if rows > 1 and count % rows == 0 and count // rows > 1 and rows * width == count // rows * height:
            return TokenGrid(extra, rows, count // rows)
    return None


def is_channels_last(shape: tuple[int, ...]) -> bool:
    """Whether maps (b, h, w, c) come with their channels last, as some transformers give them."""
    return len(shape) == 4 and shape[1] == shape[2] != shape[3]


def on_grid(values: Tensor, size: tuple[int, int] | None = None) -> tuple[Tensor, TokenGrid] | None:
    """Return features as maps (b, c, h, w) with their grid; None when they have no places.

    Args:
        values: maps (b, c, h, w) or (b, h, w, c), or tokens (b, n, d).
        size: height and width of the image.
    """
    if values.ndim == 4:
        maps = values.permute(0, 3, 1, 2) if is_channels_last(tuple(values.shape)) else values
        return maps, TokenGrid(0, maps.shape[2], maps.shape[3])
    if values.ndim == 3 and (grid := token_grid(values.shape[1], size)) is not None:
        places = values[:, grid.extra :].transpose(1, 2)
        return places.reshape(len(values), values.shape[2], grid.height, grid.width), grid
    return None
