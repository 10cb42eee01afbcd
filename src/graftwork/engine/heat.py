"""Heat maps: the distances of places, brought to the pixels of the image and smoothed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn import functional

__all__ = ["heat_map"]

_DEVIATION = 4 / 224
"""Of the Gaussian, as a share of the side: 4 pixels at 224, as in PaDiM and PatchCore."""


def heat_map(places: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the distance at each pixel.

    Args:
        places: distance of each place, (h, w).
        size: height and width of the image, in pixels.

    Returns:
        float32 (height, width): enlarged bilinearly, then smoothed by a Gaussian of 4/224 of the side.

    Source: Roth et al. 2022, arXiv:2106.08265, section 3.3.
    """
    whole = torch.from_numpy(np.ascontiguousarray(places, dtype=np.float32))[None, None]
    enlarged = functional.interpolate(whole, size, mode="bilinear", align_corners=False)[0, 0].numpy()
    smooth: NDArray[np.float32] = gaussian_filter(enlarged, [_DEVIATION * side for side in size])
    return smooth
