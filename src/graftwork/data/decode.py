"""Bytes to pixels: orientation, modes, scaled JPEG decoding, thumbnails."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["THUMBNAIL_SIDE", "UndecodableImage", "decode_image", "make_thumbnail", "to_rgb"]

THUMBNAIL_SIDE = 32
"""Pixels of the grey thumbnails that near duplicates are compared by."""

DRAFT_MARGIN = 2
"""A JPEG decoded at a fraction of its size keeps at least this many times the pixels needed."""

_BAD_EXIF = (SyntaxError, ValueError, KeyError, IndexError, TypeError, OSError, struct.error)


class UndecodableImage(ValueError):
    """Bytes that no decoder reads as an image; the message says why, in a few words."""


def decode_image(
    data: bytes,
    *,
    short_side: int | None = None,
    on_header: Callable[[tuple[int, int]], object] | None = None,
) -> Image.Image:
    """Return the image in ``data``, upright by its EXIF orientation, in the mode it is stored in.

    Args:
        data: bytes of an image file.
        short_side: pixels needed of the short side. Lets a large JPEG be decoded at 1/2, 1/4 or 1/8
            (libjpeg's scaled transform), never to less than twice the pixels needed.
        on_header: is told (width, height) as stored, before any scaling and turning.

    Raises:
        UndecodableImage: empty, truncated, no image, or larger than Pillow's safety limit.
    """
    if not data:
        raise UndecodableImage("the file is empty")
    try:
        with Image.open(BytesIO(data)) as image:
            if on_header is not None:
                on_header(image.size)
            if short_side is not None:
                _ask_for_draft(image, short_side)
            image.load()
            return _upright(image)
    except Exception as error:  # decoders raise anything on malformed bytes
        raise UndecodableImage(_reason(error)) from error


def _ask_for_draft(image: Image.Image, short_side: int) -> None:
    if image.format not in ("JPEG", "MPO"):
        return
    width, height = image.size
    wanted = short_side * DRAFT_MARGIN
    factor = wanted / min(width, height)
    if factor < 1:
        # Pillow picks the smallest scale whose size is not below the one asked for.
        image.draft(image.mode, (max(1, round(width * factor)), max(1, round(height * factor))))


def _upright(image: Image.Image) -> Image.Image:
    # In place: a copy would take as much memory again, 400 MB of a photo of 100 megapixels.
    with contextlib.suppress(*_BAD_EXIF):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _reason(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return "it has more pixels than can be decoded safely"
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image of a known format"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "the file is truncated" if "truncated" in text.lower() else text.rstrip(".")


def to_rgb(image: Image.Image) -> Image.Image:
    """Return ``image`` as 8-bit RGB.

    Transparent pixels are laid over white; deep grey (16 or 32 bits, float) is scaled by the range of
    its numbers, not clipped; palette, CMYK and all else go by Pillow's conversion.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_to_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        if image.mode == "La":
            image = image.convert("LA")
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale deep grey to 0..255: 0..65535 for integers, 0..1 or 0..255 for floats, else min..max."""
    values = np.nan_to_num(pixels.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        low, high = low, max(high, low + 1)
    elif np.issubdtype(pixels.dtype, np.integer):
        low, high = 0.0, 65535.0
    else:
        low, high = 0.0, 1.0 if high <= 1 else 255.0 if high <= 255 else 65535.0
    scaled: NDArray[np.uint8] = np.rint((values - low) * (255.0 / (high - low))).astype(np.uint8)
    return scaled


def make_thumbnail(image: Image.Image) -> NDArray[np.uint8]:
    """Return the image in grey at 32 × 32 pixels, whatever its shape; uint8, shape (32, 32)."""
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return np.asarray(to_rgb(image).convert("L").resize(side, Image.Resampling.BILINEAR))
