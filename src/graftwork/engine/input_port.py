"""Which images a flow's network gets, derived from what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from graftwork.documents.card import InputPort
from graftwork.errors import ShapeError
from graftwork.graph.contracts import BackboneSettings, ImagesSettings

__all__ = ["PixelsToPort", "choose_port"]

_DEFAULT_SIZE = 224


def choose_port(
    images: ImagesSettings,
    consumers: Sequence[str],
    backbones: Sequence[tuple[str, BackboneSettings]],
    wanted: Mapping[str, InputPort],
) -> InputPort:
    """Return the port of the whole flow.

    When only backbones of one kind of preprocessing read the images, it is theirs. Otherwise images
    travel as plain pixels between 0 and 1, and each base brings them into its own form.

    Args:
        images: settings of the images node.
        consumers: nodes that read the images.
        backbones: those of them that are backbones.
        wanted: ports of their bases by node.
    """
    ports = [_with_crop(wanted[node], settings) for node, settings in backbones]
    values = {(p.channels, p.channel_order, p.value_range, p.mean, p.std) for p in ports}
    if ports and len(ports) == len(consumers) and len(values) == 1:
        return _sized(ports[0], images.size)
    side = _DEFAULT_SIZE if not ports else ports[0].height
    like = ports[0] if ports else InputPort(height=side, width=side, interpolation="bilinear")
    plain = like.edit(
        channels=3, channel_order="rgb", value_range=(0.0, 1.0), mean=(0.0,) * 3, std=(1.0,) * 3
    )
    return _sized(plain, images.size)


def _with_crop(port: InputPort, settings: BackboneSettings) -> InputPort:
    return port.edit(crop_share=1.0) if settings.crop == "whole" else port


def _sized(port: InputPort, size: int | None) -> InputPort:
    return port if size is None else port.edit(height=size, width=size)


class PixelsToPort(nn.Module):
    """Bring plain pixels (b, 3, h, w) between 0 and 1 into the form of a port.

    Args:
        node: for errors.
        port: the wanted channel order, range, mean and deviation.
    """

    def __init__(self, node: str, port: InputPort) -> None:
        super().__init__()
        self.node, self.port = node, port
        low, high = port.value_range
        self.register_buffer("span", torch.tensor(high - low), persistent=False)
        self.register_buffer("low", torch.tensor(low), persistent=False)
        self.register_buffer("mean", torch.tensor(port.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(port.std).view(1, -1, 1, 1), persistent=False)
        self.span: Tensor
        self.low: Tensor
        self.mean: Tensor
        self.std: Tensor

    def forward(self, pixels: Tensor) -> Tensor:
        if pixels.ndim != 4 or pixels.shape[1] != self.port.channels:
            raise ShapeError(
                f"Node '{self.node}' wants images (b, {self.port.channels}, h, w) but gets {tuple(pixels.shape)}.",
                hint="Put grayscale with 3 channels, or a convolution, between.",
                node=self.node,
            )
        ordered = pixels.flip(1) if self.port.channel_order == "bgr" else pixels
        return (ordered * self.span + self.low - self.mean) / self.std
