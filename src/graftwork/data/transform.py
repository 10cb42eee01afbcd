"""From an image to what a base takes, derived from the base's port and from nothing else."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, features

from graftwork.data.decode import to_rgb
from graftwork.documents.card import InputPort
from graftwork.errors import PortMismatch, ShapeError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Transform", "mask_canvas", "mask_of_image"]

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_LONGEST_RATIO = 16
"""Longer strips are shortened around their center first: only the center is ever kept."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Transform:
    """How images become the input of a base: resize the short side, crop the center, normalize.

    Pixel for pixel what timm's and torchvision's evaluation transforms do with Pillow images.
    ``mean`` and ``std`` are in the order of ``channel_order``.
    """

    height: int
    width: int
    channels: int
    channel_order: Literal["rgb", "bgr"]
    value_range: tuple[float, float]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"]
    antialias: bool
    crop_share: float

    @classmethod
    def for_port(cls, port: InputPort) -> Transform:
        """Return the transform that ``port`` wants.

        Raises:
            PortMismatch: neither one nor three channels.
        """
        if port.channels not in (1, 3):
            raise PortMismatch(
                f"The base wants images of {port.channels} channels; images here have 1 or 3.",
                hint="Choose a base with 1 or 3 input channels.",
            )
        return cls(**{name: getattr(port, name) for name in cls.__dataclass_fields__})

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a canvas, in pixels."""
        return self.height, self.width

    @property
    def wide_size(self) -> tuple[int, int]:
        """Height and width before the last crop, in pixels."""
        return _wide_size(self.size, self.crop_share)

    @property
    def short_side(self) -> int:
        """Pixels that are needed of an image's short side."""
        return max(self.wide_size)

    def canvas(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return the image as the base sees it before normalizing: uint8 RGB, shape (h, w, 3)."""
        return np.asarray(_center_crop(self._resized(image), self.size))

    def wide_canvas(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return the resized image before the last crop, the start of augmentation.

        Shape (H, W, 3) with (H, W) = ``wide_size``: uint8 RGB, the ends of the long side cut off.
        """
        return np.asarray(_center_crop(self._resized(image), self.wide_size))

    def normalize(self, batch: Tensor) -> Tensor:
        """Return uint8 images as the float32 input of the base.

        Args:
            batch: uint8 RGB, shape (b, h, w, 3) or (b, 3, h, w).

        Returns:
            float32, shape (b, channels, h, w).

        Raises:
            ShapeError: another shape.
        """
        import torch

        if batch.ndim != 4 or 3 not in (batch.shape[1], batch.shape[-1]):
            raise ShapeError(f"Images (b, h, w, 3) or (b, 3, h, w) are wanted, got {tuple(batch.shape)}.")
        pixels = batch.permute(0, 3, 1, 2) if batch.shape[-1] == 3 else batch
        low, high = self.value_range
        # Divided before the mean is taken off, as ToTensor and Normalize do: same rounding.
        x = pixels.to(torch.float32).div(255.0)
        if self.channels == 1:
            weights = torch.tensor([0.299, 0.587, 0.114], device=x.device).view(1, 3, 1, 1)
            x = (x * weights).sum(dim=1, keepdim=True)
        elif self.channel_order == "bgr":
            x = x.flip(1)
        if (low, high) != (0.0, 1.0):
            x = x * (high - low) + low
        mean = torch.tensor(self._per_channel(self.mean), device=x.device).view(1, -1, 1, 1)
        std = torch.tensor(self._per_channel(self.std), device=x.device).view(1, -1, 1, 1)
        return ((x - mean) / std).contiguous()

    def digest(self) -> str:
        """Return a SHA-256 (hex) that changes when any pixel or normalized value could change."""
        content: dict[str, Any] = {
            **asdict(self),
            "version": _VERSION,
            "pillow": PIL.__version__,
            "jpeg": features.version("libjpeg_turbo") or features.version("jpg"),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _per_channel(self, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(values) == self.channels:
            return values
        # A card made for color images describes a one-channel base by its mean over the channels.
        return (float(np.mean(values)),) * self.channels

    def _resized(self, image: Image.Image) -> Image.Image:
        image = _shorten(to_rgb(image))
        width, height = _resized_size(image.size, self.wide_size)
        if (width, height) == image.size:
            return image
        if self.antialias or self.interpolation == "nearest":
            return image.resize((width, height), _FILTERS[self.interpolation])
        return _resize_without_antialias(image, (height, width), self.interpolation)


def mask_canvas(
    mask: NDArray[np.int64], size: tuple[int, int], *, crop_share: float = 1.0
) -> NDArray[np.int64]:
    """Return a mask resized and cropped as ``Transform.canvas`` does with its image, without mixing classes.

    Args:
        mask: class of each pixel, (h, w), values 0 to 65535.
        size: height and width of the canvas, in pixels.
        crop_share: of the transform.
    """
    image = _shorten(Image.fromarray(mask.astype(np.int32)))
    resized = _resized_size(image.size, _wide_size(size, crop_share))
    if resized != image.size:
        image = image.resize(resized, Image.Resampling.NEAREST)
    return np.asarray(_center_crop(image, size)).astype(np.int64)


def mask_of_image(
    canvas: NDArray[Any], image_size: tuple[int, int], *, crop_share: float = 1.0, outside: int = 255
) -> NDArray[Any]:
    """Return what was said of a canvas over the image that the canvas was made of: ``mask_canvas`` backwards.

    Args:
        canvas: a value for each pixel of the canvas, (H, W).
        image_size: width and height of the image, upright.
        crop_share: of the transform.
        outside: value of pixels that the canvas does not show.

    Returns:
        Of the canvas's type, (height, width); each pixel has the value of the nearest one.
    """
    width, height = image_size
    longest = _LONGEST_RATIO * min(width, height)
    short = min(width, longest), min(height, longest)  # width and height once strips are shortened
    resized = _resized_size(short, _wide_size(canvas.shape, crop_share))
    axes = [
        _sources(whole, kept, after, shown)
        for whole, kept, after, shown in zip(
            (height, width), short[::-1], resized[::-1], canvas.shape, strict=True
        )
    ]
    rows, columns = axes
    found: NDArray[Any] = canvas[np.clip(rows, 0, canvas.shape[0] - 1)][
        :, np.clip(columns, 0, canvas.shape[1] - 1)
    ]
    found[(rows < 0) | (rows >= canvas.shape[0])] = outside
    found[:, (columns < 0) | (columns >= canvas.shape[1])] = outside
    return found


def _sources(whole: int, kept: int, after: int, shown: int) -> NDArray[np.int64]:
    """Return for each pixel along a side of the image the pixel of the canvas, outside of it where there is none."""
    place = np.arange(whole) - round((whole - kept) / 2.0)
    resized = np.floor((place + 0.5) * after / kept).astype(np.int64)
    inside = (place >= 0) & (place < kept)
    return np.where(inside, resized - round((after - shown) / 2.0), -1)


def _wide_size(size: tuple[int, int], crop_share: float) -> tuple[int, int]:
    return math.floor(size[0] / crop_share), math.floor(size[1] / crop_share)


def _shorten(image: Image.Image) -> Image.Image:
    width, height = image.size
    longest = _LONGEST_RATIO * min(width, height)
    if max(width, height) <= longest:
        return image
    return _center_crop(image, (min(height, longest), min(width, longest)))


def _resized_size(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """Return (width, height) after resizing, rounded as timm does.

    Square: torchvision's Resize(int), the long side is cut off to a whole number. Else timm's
    ResizeKeepRatio, both sides are rounded.
    """
    width, height = size
    wanted_height, wanted_width = wanted
    if wanted_height == wanted_width:
        longer = int(wanted_height * max(size) / min(size))
        return (wanted_height, longer) if width <= height else (longer, wanted_height)
    ratio = min(height / wanted_height, width / wanted_width)
    return round(width / ratio), round(height / ratio)


def _center_crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    height, width = size
    if image.size == (width, height):
        return image
    # round() to even, as torchvision does
    left, top = round((image.width - width) / 2.0), round((image.height - height) / 2.0)
    return image.crop((left, top, left + width, top + height))


def _resize_without_antialias(image: Image.Image, size: tuple[int, int], filter_name: str) -> Image.Image:
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    mode = {"bilinear": InterpolationMode.BILINEAR}.get(filter_name, InterpolationMode.BICUBIC)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    small = functional.resize(pixels, list(size), interpolation=mode, antialias=False)
    return Image.fromarray(small.permute(1, 2, 0).numpy())
