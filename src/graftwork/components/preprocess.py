"""What is done to images and labels before a network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked
from graftwork.errors import DataError
from graftwork.graph.preprocess import (
    CropSettings,
    GrayscaleSettings,
    NormalizeSettings,
    OneHotSettings,
    PadSettings,
    RescaleSettings,
    ResizeSettings,
    moments,
)

__all__ = ["Crop", "Grayscale", "Normalize", "OneHot", "Pad", "Rescale", "Resize"]


class Resize(nn.Module):
    """Stretch images (b, c, h, w) to (b, c, height, width)."""

    def __init__(
        self,
        height: int,
        width: int,
        *,
        interpolation: Literal["nearest", "bilinear", "bicubic", "area"] = "bilinear",
        antialias: bool = True,
    ) -> None:
        super().__init__()
        self.size = (height, width)
        self.mode = "nearest-exact" if interpolation == "nearest" else interpolation
        self.antialias = antialias and interpolation in ("bilinear", "bicubic")

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c H W"]:
        return functional.interpolate(image, self.size, mode=self.mode, antialias=self.antialias)


class Crop(nn.Module):
    """Cut (b, c, height, width) out of images, from ``top`` and ``left`` on, or the middle where None.

    An odd row or column more is left at the end.
    """

    def __init__(self, height: int, width: int, *, top: int | None = None, left: int | None = None) -> None:
        super().__init__()
        self.height, self.width, self.top, self.left = height, width, top, left

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c H W"]:
        top = (image.shape[2] - self.height) // 2 if self.top is None else self.top
        left = (image.shape[3] - self.width) // 2 if self.left is None else self.left
        return image[:, :, top : top + self.height, left : left + self.width]


class Pad(nn.Module):
    """Add margins to images: rows above and below, columns left and right."""

    def __init__(
        self,
        *,
        top: int = 0,
        bottom: int = 0,
        left: int = 0,
        right: int = 0,
        fill: Literal["constant", "reflect", "edge"] = "constant",
        value: float = 0.0,
    ) -> None:
        super().__init__()
        self.margins = (left, right, top, bottom)
        self.mode = "replicate" if fill == "edge" else fill
        self.value = value if fill == "constant" else None

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c H W"]:
        return functional.pad(image, self.margins, mode=self.mode, value=self.value)


class Normalize(nn.Module):
    """(image / pixel_max − mean) / std, per channel or with one number for all."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], *, pixel_max: float = 1.0) -> None:
        super().__init__()
        self.pixel_max = pixel_max
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return (image / self.pixel_max - self.mean) / self.std


class Rescale(nn.Module):
    """image · scale + offset."""

    def __init__(self, scale: float, offset: float = 0.0) -> None:
        super().__init__()
        self.scale, self.offset = scale, offset

    def forward(self, image: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        return image * self.scale + self.offset


class Grayscale(nn.Module):
    """Turn colors (b, 3, h, w) into grays in 1 or 3 equal channels; one channel passes as it is."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.channels = channels
        weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
        self.register_buffer("weights", weights, persistent=False)
        self.weights: Tensor

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b C h w"]:
        gray = image if image.shape[1] == 1 else (image * self.weights).sum(dim=1, keepdim=True)
        return gray.expand(-1, self.channels, -1, -1)


class OneHot(nn.Module):
    """Turn class numbers (b,) into rows (b, k) with a single one.

    Raises:
        DataError: a number that is no class.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes

    def forward(self, labels: Int[Tensor, " b"]) -> Float[Tensor, "b k"]:
        try:
            return functional.one_hot(labels, self.num_classes).float()
        except RuntimeError as error:
            raise DataError(
                f"One-hot rows have {self.num_classes} classes, but labels from {int(labels.min())} to "
                f"{int(labels.max())} came in.",
                hint=f"Set num_classes to {int(labels.max()) + 1} or more.",
            ) from error


@builds_checked("resize")
def _resize(settings: ResizeSettings, _: Site) -> nn.Module:
    return Resize(
        settings.height,
        settings.width,
        interpolation=settings.interpolation,
        antialias=settings.antialias,
    )


@builds_checked("crop")
def _crop(settings: CropSettings, _: Site) -> nn.Module:
    is_box = settings.place == "box"
    return Crop(
        settings.height,
        settings.width,
        top=settings.top if is_box else None,
        left=settings.left if is_box else None,
    )


@builds_checked("pad")
def _pad(settings: PadSettings, _: Site) -> nn.Module:
    return Pad(
        top=settings.top,
        bottom=settings.bottom,
        left=settings.left,
        right=settings.right,
        fill=settings.fill,
        value=settings.value,
    )


@builds_checked("normalize")
def _normalize(settings: NormalizeSettings, _: Site) -> nn.Module:
    return Normalize(*moments(settings), pixel_max=settings.pixel_max)


@builds_checked("rescale")
def _rescale(settings: RescaleSettings, _: Site) -> nn.Module:
    return Rescale(settings.scale, settings.offset)


@builds_checked("grayscale")
def _grayscale(settings: GrayscaleSettings, _: Site) -> nn.Module:
    return Grayscale(settings.channels)


@builds_checked("one_hot")
def _one_hot(settings: OneHotSettings, site: Site) -> nn.Module:
    return OneHot(settings.num_classes or site.num_classes)
