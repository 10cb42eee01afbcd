"""Convolution and pooling over one to three axes of places, padded as Keras pads.

Tokens (b, n, d) keep their features last; maps are (b, c, h, w), volumes (b, c, t, h, w).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from graftwork.components.layers import activation
from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked, only_shape
from graftwork.graph.convolution import ConvolutionSettings, PoolingSettings
from graftwork.graph.sizes import Padding, feature_axis, per_axis

__all__ = ["GlobalPool", "LocalPool", "OverPlaces", "SameWindows", "TransposedConvolution", "same_margins"]

_CONVOLUTIONS: dict[int, Callable[..., nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED: dict[int, Callable[..., nn.Module]] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
_AVERAGES: dict[int, Callable[..., Tensor]] = {
    1: functional.avg_pool1d,
    2: functional.avg_pool2d,
    3: functional.avg_pool3d,
}
_MAXIMA: dict[int, Callable[..., Tensor]] = {
    1: functional.max_pool1d,
    2: functional.max_pool2d,
    3: functional.max_pool3d,
}


def same_margins(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return how many zeros stand before and after an axis so that it has ⌈size / stride⌉ windows.

    With an odd sum the greater part stands after, as in TensorFlow; torch's own layers put as many before.

    >>> same_margins(224, 3, 2), same_margins(7, 3, 1)
    ((0, 1), (1, 1))
    """
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pad_same(
    maps: Tensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], value: float = 0.0
) -> Tensor:
    margins: list[int] = []
    for axis in reversed(range(len(kernel))):
        margins += same_margins(maps.shape[2 + axis], kernel[axis], stride[axis], dilation[axis])
    return functional.pad(maps, margins, value=value) if any(margins) else maps


class OverPlaces(nn.Module):
    """Run a module that wants channels second on tokens too.

    Args:
        module: takes and gives (b, c, places…).
        after: applied to what it gives.
    """

    def __init__(self, module: nn.Module, after: nn.Module | None = None) -> None:
        super().__init__()
        self.module = module
        self.after = after or nn.Identity()

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        swaps = features.ndim == 3  # tokens: features are last
        found: Tensor = self.after(self.module(features.transpose(1, 2) if swaps else features))
        return found.transpose(1, 2) if swaps else found


class SameWindows(nn.Module):
    """A convolution without padding of its own behind the zeros that 'same' wants."""

    def __init__(
        self, convolution: nn.Module, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
    ) -> None:
        super().__init__()
        self.convolution = convolution
        self.windows = (tuple(kernel), tuple(stride), tuple(dilation))

    def forward(self, maps: Float[Tensor, "b c ..."]) -> Float[Tensor, "b C ..."]:
        found: Tensor = self.convolution(_pad_same(maps, *self.windows))
        return found


class TransposedConvolution(nn.Module):
    """A transposed convolution with 'same' or 'valid' padding: enlarges places by the stride.

    Sizes as in Keras: n · stride, and with 'valid' the part of the last window that hangs over. With
    'same' the overhang is cut off, the greater part after, so that this is the transpose of a convolution
    with the same settings.

    Args:
        convolution: without padding; places that no window reaches are added by its output padding.
        overhang: for each axis, by how much a window is longer than a step, or 0.
        padding: 'same' or 'valid'.
    """

    def __init__(self, convolution: nn.Module, overhang: Sequence[int], padding: Padding) -> None:
        super().__init__()
        self.convolution = convolution
        cuts = [over if padding == "same" else 0 for over in reversed(overhang)]
        self.margins = [margin for cut in cuts for margin in (-(cut // 2), -(cut - cut // 2))]

    def forward(self, maps: Float[Tensor, "b c ..."]) -> Float[Tensor, "b C ..."]:
        found: Tensor = self.convolution(maps)
        return functional.pad(found, self.margins) if any(self.margins) else found


class GlobalPool(nn.Module):
    """Average or maximum over all places: (b, c, …) and (b, n, d) become (b, features).

    (b, d) passes as it is: some bases pool by themselves.
    """

    def __init__(self, how: str = "average") -> None:
        super().__init__()
        self.how = how

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b d"]:
        if features.ndim == 2:
            return features
        axis = feature_axis(features.shape)
        places = [i for i in range(1, features.ndim) if i != axis]
        return features.mean(dim=places) if self.how == "average" else features.amax(dim=places)


class LocalPool(nn.Module):
    """Average or maximum over windows of maps (b, c, places…); what pads takes no part."""

    def __init__(
        self,
        kernel: Sequence[int],
        stride: Sequence[int],
        *,
        how: str = "average",
        padding: Padding = "valid",
    ) -> None:
        super().__init__()
        self.kernel, self.stride = tuple(kernel), tuple(stride)
        self.how, self.padding = how, padding

    def forward(self, maps: Float[Tensor, "b c ..."]) -> Float[Tensor, "b c ..."]:
        if self.how == "max":
            return _MAXIMA[len(self.kernel)](self._padded(maps, float("-inf")), self.kernel, self.stride)
        average = _AVERAGES[len(self.kernel)]
        found = average(self._padded(maps, 0.0), self.kernel, self.stride)
        if self.padding == "valid":
            return found
        share = average(self._padded(torch.ones_like(maps[:1, :1]), 0.0), self.kernel, self.stride)
        return found / share

    def _padded(self, maps: Tensor, value: float) -> Tensor:
        if self.padding == "valid":
            return maps
        return _pad_same(maps, self.kernel, self.stride, (1,) * len(self.kernel), value)


@builds_checked("convolution")
def _convolution(settings: ConvolutionSettings, site: Site) -> nn.Module:
    shape = only_shape(site)
    rank = len(shape) - 2
    channels = shape[feature_axis(shape)]
    kernel = per_axis(settings.kernel, rank, "kernel")
    stride = per_axis(settings.stride, rank, "stride")
    dilation = per_axis(settings.dilation, rank, "dilation")
    make = _CONVOLUTIONS[rank]
    window: dict[str, Any] = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
    body: nn.Module
    if settings.type == "transposed":
        return _transposed(settings, channels, window)
    if settings.type == "standard":
        body = make(channels, settings.filters, groups=settings.groups, bias=settings.bias, **window)
    else:
        width = channels * settings.depth_multiplier
        is_last = settings.type == "depthwise"
        body = make(channels, width, groups=channels, bias=settings.bias and is_last, **window)
    if settings.padding == "same":
        body = SameWindows(body, kernel, stride, dilation)
    if settings.type == "separable":
        mix = make(channels * settings.depth_multiplier, settings.filters, 1, bias=settings.bias)
        body = nn.Sequential(body, mix)
    return OverPlaces(body, activation(settings.activation))


def _transposed(settings: ConvolutionSettings, channels: int, window: dict[str, Any]) -> nn.Module:
    sizes = zip(window["kernel_size"], window["stride"], window["dilation"], strict=True)
    gaps = [stride - (kernel - 1) * dilation - 1 for kernel, stride, dilation in sizes]
    convolution = _TRANSPOSED[len(gaps)](
        channels,
        settings.filters,
        groups=settings.groups,
        bias=settings.bias,
        output_padding=tuple(max(gap, 0) for gap in gaps),
        **window,
    )
    body = TransposedConvolution(convolution, [max(-gap, 0) for gap in gaps], settings.padding)
    return OverPlaces(body, activation(settings.activation))


@builds_checked("pooling")
def _pooling(settings: PoolingSettings, site: Site) -> nn.Module:
    if settings.scope == "global":
        return GlobalPool(settings.how)
    rank = len(only_shape(site)) - 2
    kernel = per_axis(settings.kernel, rank, "kernel")
    stride = kernel if settings.stride is None else per_axis(settings.stride, rank, "stride")
    return OverPlaces(LocalPool(kernel, stride, how=settings.how, padding=settings.padding))
