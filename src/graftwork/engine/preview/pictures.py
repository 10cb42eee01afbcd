"""Pictures of tensors: heat maps in our own colors, palettes, sheets, and their PNG files."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["MIN_SIDE", "color_of_class", "color_table", "heat_map", "mask_picture", "pixels", "png", "sheet"]

MIN_SIDE = 128
"""Pixels of the shorter side of a written picture, at least."""
_MAX_SIDE = 4096
_NOT_FINITE = (255, 0, 255)
_GAP = 1

Rgb = NDArray[np.uint8]


@cache
def color_table() -> Rgb:
    """Return 256 colors, (256, 3), from dark violet to pale yellow, whose lightness rises evenly.

    Lightness goes from 10 to 95 in equal steps while the hue turns from violet through red to yellow; the
    chroma is lowered where a color would leave the screen's range. CIE L*a*b* to sRGB as in IEC 61966-2-1.
    """
    t = np.linspace(0.0, 1.0, 256)
    lightness, hue = 10.0 + 85.0 * t, np.deg2rad(-60.0 + 160.0 * t)
    wanted = 20.0 + 60.0 * np.sin(np.pi * (0.1 + 0.75 * t))
    inside, outside = np.zeros(256), wanted.copy()
    for _ in range(20):  # the largest chroma of each color that the screen shows, by halving
        chroma = (inside + outside) / 2.0
        linear = _linear_rgb(lightness, chroma * np.cos(hue), chroma * np.sin(hue))
        is_inside = (linear.min(1) >= 0.0) & (linear.max(1) <= 1.0)
        inside, outside = np.where(is_inside, chroma, inside), np.where(is_inside, outside, chroma)
    linear = _linear_rgb(lightness, inside * np.cos(hue), inside * np.sin(hue)).clip(0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(srgb * 255.0).astype(np.uint8)


def _linear_rgb(
    lightness: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return linear sRGB (n, 3) of CIE L*a*b* under D65."""
    fy = (lightness + 16.0) / 116.0
    f = np.stack([fy + a / 500.0, fy, fy - b / 200.0], axis=1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.95047, 1.0, 1.08883]
    matrix = np.array(
        [
            [3.2404542, -1.5371385, -0.4985314],
            [-0.9692660, 1.8760108, 0.0415560],
            [0.0556434, -0.2040259, 1.0572252],
        ]
    )
    found: NDArray[np.float64] = xyz @ matrix.T
    return found


def heat_map(values: NDArray[np.floating], between: tuple[float, float] | None = None) -> Rgb:
    """Return values (h, w) as colors (h, w, 3): the least is dark, the largest pale, what is not finite magenta.

    Args:
        values: any numbers.
        between: what is darkest and what is palest, so that several pictures can be compared.
    """
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    low, high = between or (low, high)
    span = float(high) - float(low)
    level = np.zeros(values.shape) if span == 0 else (np.where(finite, values, low) - low) / span
    picture = color_table()[np.round(level.clip(0.0, 1.0) * 255.0).astype(np.int64)]
    picture[~finite] = _NOT_FINITE
    return picture


def pixels(values: NDArray[np.floating], low: float, high: float) -> Rgb:
    """Return an image (c, h, w) of 1 or 3 channels, whose values go from ``low`` to ``high``, as (h, w, 3)."""
    span = (high - low) or 1.0
    level = np.nan_to_num((values.astype(np.float64) - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    picture = np.round(level.clip(0.0, 1.0) * 255.0).astype(np.uint8).transpose(1, 2, 0)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def color_of_class(index: int) -> tuple[int, int, int]:
    """Return the color of a class in masks: the first is black, the others turn by the golden angle."""
    if index == 0:
        return (0, 0, 0)
    hue = (index - 1) * 137.508 % 360.0
    light = 0.5 if index % 2 else 0.65
    chroma = (1 - abs(2 * light - 1)) * 0.85
    near = [chroma * max(0.0, min(1.0, abs((hue / 60.0 + shift) % 6 - 3) - 1)) for shift in (0.0, 4.0, 2.0)]
    red, green, blue = (round(255 * (light - chroma / 2 + n)) for n in near)
    return red, green, blue


def mask_picture(classes: NDArray[np.int64], ignored: int) -> Rgb:
    """Return a mask (h, w) in the colors of its classes; pixels that do not count are gray."""
    picture = np.empty((*classes.shape, 3), dtype=np.uint8)
    for index in np.unique(classes):
        color = (128, 128, 128) if index == ignored else color_of_class(int(index))
        picture[classes == index] = color
    return picture


def sheet(pictures: Sequence[Rgb]) -> Rgb:
    """Return pictures of one size on one sheet, as square as it goes, white lines between."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    height, width = pictures[0].shape[:2]
    out = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3), 255, dtype=np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // columns) * (height + _GAP), (index % columns) * (width + _GAP)
        out[top : top + height, left : left + width] = picture
    return out


def png(picture: Rgb) -> bytes:
    """Return a PNG file; small pictures are enlarged by whole factors until the shorter side is 128 or more."""
    height, width = picture.shape[:2]
    factor = max(1, min(math.ceil(MIN_SIDE / min(height, width)), _MAX_SIDE // max(height, width)))
    image = Image.fromarray(picture)
    if factor > 1:
        image = image.resize((width * factor, height * factor), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
