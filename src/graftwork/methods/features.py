"""Feature maps, tokens and pooled features, seen alike: as channels at places."""

from __future__ import annotations

from torch import Tensor

from graftwork.errors import ShapeError

__all__ = ["channel_axis", "pool_places"]

_SHAPES = "(b, d), (b, tokens, d) and (b, c, h, w)"


def channel_axis(value: Tensor) -> int:
    """Return the axis of the channels: 1 of pooled features and maps, 2 of tokens (b, tokens, d).

    Raises:
        ShapeError: another number of axes.
    """
    if value.ndim not in (2, 3, 4):
        raise ShapeError(
            f"Features of shape {tuple(value.shape)} have no channels; {_SHAPES} have.",
            hint="Choose a base that ends in one of these.",
        )
    return 2 if value.ndim == 3 else 1


def pool_places(value: Tensor) -> Tensor:
    """Return the mean of each channel over all places, (b, d) in float32; pooled features are as they were."""
    places = [axis for axis in range(1, value.ndim) if axis != channel_axis(value)]
    return value.float().mean(places) if places else value.float()
