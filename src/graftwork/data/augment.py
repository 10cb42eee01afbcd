"""Random changes of training images; each draw is a pure function of seed, key and view."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from graftwork.documents.recipe import Augmentation
from graftwork.errors import ShapeError, UnknownName, did_you_mean

__all__ = ["augment_mask", "augment_view"]

_SMALLEST_SHARE = 0.7
_RATIO = (3 / 4, 4 / 3)
_ROTATION_DEGREES = 15.0
_JITTER = 0.3
_ERASE_CHANCE = 0.25
_ERASED_SHARE = (0.02, 0.15)
_CROP_TRIES = 10
_OUTSIDE = 255
"""Class of mask pixels that no image pixel lies under."""


def augment_view(
    canvas: NDArray[np.uint8],
    kind: Augmentation,
    *,
    out_size: tuple[int, int],
    seed: int,
    key: str,
    view: int,
) -> NDArray[np.uint8]:
    """Return one random view of a wide canvas.

    ``light``: left-right flip, and a crop of 70 to 100 % of the area (sides 3:4 to 4:3), resized.
    ``strong``: besides, rotation up to 15°, brightness, contrast and saturation by up to 30 %, and in one
    of four views an erased rectangle of 2 to 15 % of the area.

    Args:
        canvas: uint8 RGB, shape (H, W, 3), from ``Transform.wide_canvas``.
        kind: "light" or "strong"; ``none`` means that nobody calls this.
        out_size: height and width of the view, in pixels.
        seed, key, view: the whole randomness: seed of the run, key of the sample, number of the view.

    Returns:
        uint8 RGB, shape (h, w, 3).

    Raises:
        ShapeError: the canvas is no RGB image.
        UnknownName: another kind.
    """
    if canvas.ndim != 3 or canvas.shape[2] != 3 or canvas.dtype != np.uint8:
        raise ShapeError(f"A uint8 canvas (H, W, 3) is wanted, got {canvas.dtype} {canvas.shape}.")
    if kind not in ("light", "strong"):
        raise UnknownName(
            f"There is no augmentation '{kind}' to apply.", hint=did_you_mean(kind, ["light", "strong"])
        )
    draw = _generator(seed, key, view)
    image = Image.fromarray(canvas)
    if kind == "strong":
        image = _rotated(image, draw)
    image = _random_crop(image, out_size, draw)
    if draw.random() < 0.5:
        image = ImageOps.mirror(image)
    if kind == "strong":
        image = _jittered(image, draw)
        return _erased(np.array(image), draw)
    return np.asarray(image)


def augment_mask(
    mask: NDArray[np.int64],
    kind: Augmentation,
    *,
    out_size: tuple[int, int],
    seed: int,
    key: str,
    view: int,
) -> NDArray[np.int64]:
    """Return the mask of the view that ``augment_view`` makes of the same draw.

    Turned, cropped and flipped as its image, without mixing classes; what is turned into the picture from
    outside is 255, so that it does not count. An erased rectangle keeps its classes.

    Args:
        mask: class of each pixel, (H, W), over the wide canvas: ``read_mask`` with the transform's
            ``wide_size``.
        kind, out_size, seed, key, view: those of the image.

    Returns:
        int64 (h, w).
    """
    draw = _generator(seed, key, view)
    image = Image.fromarray(mask.astype(np.int32))
    if kind == "strong":
        angle = draw.uniform(-_ROTATION_DEGREES, _ROTATION_DEGREES)
        image = image.rotate(angle, Image.Resampling.NEAREST, fillcolor=_OUTSIDE)
    box = _crop_box(image.size, draw)
    image = image.resize(out_size[::-1], Image.Resampling.NEAREST, box=box)
    if draw.random() < 0.5:
        image = ImageOps.mirror(image)
    return np.asarray(image).astype(np.int64)


def _generator(seed: int, key: str, view: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}\x1f{view}\x1f{key}".encode()).digest()
    return np.random.Generator(np.random.Philox(int.from_bytes(digest[:16], "little")))


def _mean_color(image: Image.Image) -> tuple[int, int, int]:
    red, green, blue = np.asarray(image).reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
    return red, green, blue


def _rotated(image: Image.Image, draw: np.random.Generator) -> Image.Image:
    angle = draw.uniform(-_ROTATION_DEGREES, _ROTATION_DEGREES)
    return image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=_mean_color(image))


def _random_crop(image: Image.Image, out_size: tuple[int, int], draw: np.random.Generator) -> Image.Image:
    height, width = out_size
    box = _crop_box(image.size, draw)
    return image.resize((width, height), Image.Resampling.BICUBIC, box=box)


def _crop_box(size: tuple[int, int], draw: np.random.Generator) -> tuple[float, float, float, float]:
    width, height = size
    for _ in range(_CROP_TRIES):
        area = draw.uniform(_SMALLEST_SHARE, 1.0) * width * height
        ratio = math.exp(draw.uniform(math.log(_RATIO[0]), math.log(_RATIO[1])))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = draw.integers(0, width - w + 1), draw.integers(0, height - h + 1)
            return int(left), int(top), int(left + w), int(top + h)
    return 0, 0, width, height


def _jittered(image: Image.Image, draw: np.random.Generator) -> Image.Image:
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = change(image).enhance(draw.uniform(1 - _JITTER, 1 + _JITTER))
    return image


def _erased(pixels: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
    if draw.random() >= _ERASE_CHANCE:
        return pixels
    height, width, _ = pixels.shape
    share = draw.uniform(*_ERASED_SHARE)
    ratio = math.exp(draw.uniform(math.log(1 / 3), math.log(3)))
    h = min(height, max(1, round(math.sqrt(share * height * width * ratio))))
    w = min(width, max(1, round(math.sqrt(share * height * width / ratio))))
    top, left = int(draw.integers(0, height - h + 1)), int(draw.integers(0, width - w + 1))
    pixels[top : top + h, left : left + w] = pixels.reshape(-1, 3).mean(axis=0).round()
    return pixels
