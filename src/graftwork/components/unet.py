"""The U-Net decoder: from small maps back to a logit for each pixel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked
from graftwork.graph.unet import UNetDecoderSettings

__all__ = ["UNetDecoder"]


class UNetDecoder(nn.Module):
    """Double maps step by step, join a skip where there is one, and give a logit per class and pixel.

    Args:
        num_channels: channels of the smallest maps.
        num_classes: logits at each pixel.
        filters: channels of each step: doubling, joining, two 3×3 convolutions with batch-norm and ReLU.
        skips: channels of the larger maps that join, one a step from the first on; a step with a skip
            takes the skip's size.
        size: height and width of the logits; None: what the last step gives.

    Takes (b, c, h, w) and the skips; gives (b, k, H, W).

    Source: Ronneberger et al. 2015, "U-Net", arXiv:1505.04597; bilinear doubling in the place of
    transposed convolutions (Odena et al. 2016, distill.pub/2016/deconv-checkerboard).
    """

    def __init__(
        self,
        num_channels: int,
        num_classes: int,
        *,
        filters: Sequence[int] = (128, 64, 32),
        skips: Sequence[int] = (),
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        widths = [num_channels, *filters]
        joined = [*skips, *[0] * (len(filters) - len(skips))]
        self.steps = nn.ModuleList(
            [_two_convolutions(a + s, b) for a, b, s in zip(widths, widths[1:], joined, strict=False)]
        )
        self.classify = nn.Conv2d(widths[-1], num_classes, 1)
        self.size = size

    def forward(
        self, features: Float[Tensor, "b c h w"], *skips: Float[Tensor, "b ..."]
    ) -> Float[Tensor, "b k H W"]:
        maps = features
        for index, step in enumerate(self.steps):
            skip = skips[index] if index < len(skips) else None
            size = (2 * maps.shape[2], 2 * maps.shape[3]) if skip is None else skip.shape[2:]
            maps = functional.interpolate(maps, size, mode="bilinear")
            maps = step(maps if skip is None else torch.cat([maps, skip], dim=1))
        logits: Tensor = self.classify(maps)
        if self.size is None or logits.shape[2:] == self.size:
            return logits
        return functional.interpolate(logits, self.size, mode="bilinear")


def _two_convolutions(num_in: int, num_out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (num_in, num_out):
        layers += [nn.Conv2d(width, num_out, 3, padding=1, bias=False), nn.BatchNorm2d(num_out), nn.ReLU()]
    return nn.Sequential(*layers)


@builds_checked("unet_decoder")
def _unet_decoder(settings: UNetDecoderSettings, site: Site) -> nn.Module:
    return UNetDecoder(
        site.shapes["features"][1],
        settings.num_classes or site.num_classes,
        filters=settings.filters,
        skips=[site.shapes[f"skip_{i}"][1] for i in range(1, settings.skips + 1)],
        size=settings.size,
    )
