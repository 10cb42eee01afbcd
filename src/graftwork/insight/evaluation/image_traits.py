"""What can be measured of an image without knowing what is on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import ShapeError

__all__ = ["GREY_SIDE", "GREY_TRAITS", "grey_traits"]

GREY_SIDE = 128
"""Pixels of the short side at which images are compared, whatever size they are stored in."""
GREY_TRAITS = ("brightness", "contrast", "sharpness")


def grey_traits(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Return brightness, contrast and sharpness of a grey image (h, w), uint8.

    Brightness is the mean and contrast the standard deviation, of 1 for white. Sharpness is the variance
    of the Laplacian, of 255 for white; 0 of images smaller than 3 × 3.

    Raises:
        ShapeError: no grey image.

    Source: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
    """
    if pixels.ndim != 2 or not pixels.size:
        raise ShapeError(f"A grey image (h, w) is wanted, got {pixels.shape}.")
    grey = pixels.astype(np.float64)
    sharpness = 0.0
    if min(grey.shape) >= 3:
        middle = grey[1:-1, 1:-1]
        around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
        sharpness = float((around - 4 * middle).var())
    return {
        "brightness": float(grey.mean() / 255),
        "contrast": float(grey.std() / 255),
        "sharpness": sharpness,
    }
