"""Small pictures inside the report, as data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

from PIL import Image

from graftwork.errors import GraftworkError

__all__ = ["Images", "picture_address", "picture_of"]

Images = Callable[[str], Image.Image]
"""Opens an image of a run by its key."""

THUMBNAIL = 208
"""Longest side in pixels; shown at half of that, so that it stays sharp on dense screens."""
QUALITY = 78


def picture_address(image: Image.Image) -> str:
    """Return a small JPEG of an image as a data address."""
    small = image.convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def picture_of(images: Images | None, key: str) -> str | None:
    """Return a small picture of the image of that key, None where it cannot be opened."""
    if images is None:
        return None
    try:
        return picture_address(images(key))
    except (GraftworkError, OSError, KeyError, ValueError):  # moved, deleted or damaged since the run
        return None
