"""Synthetic surfaces whose defects are known to the pixel, drawn by formulas: for tests and first steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.data.sample import Split
from graftwork.data.surfaces import Plane, brushed, tinted, weave, with_fold, with_scratch, with_spot

__all__ = ["DEFECTS", "Defects", "draw_defects", "draw_odd_surfaces"]

DEFECTS: dict[str, Callable[[Plane, np.random.Generator], Plane]] = {
    "fold": with_fold,
    "scratch": with_scratch,
    "spot": with_spot,
}
_CHANCE = 0.4
_SEEN = 0.06
"""A pixel belongs to a defect when the defect changes it by at least this share of white."""


@dataclass(frozen=True)
class Defects:
    """Images and all that is known of them, a row for each.

    Args:
        images: uint8 RGB, (n, side, side, 3).
        masks: 0 for the surface, else 1 + the place of the defect in ``DEFECTS``, int64 (n, side, side).
        tags: 1 where an image has a defect, float64 (n, 3).
        labels: 'good', or the name of the last defect drawn.
        splits: given parts of the data; None leaves them to be drawn.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.int64]
    tags: NDArray[np.float64]
    labels: list[str]
    splits: list[Split | None]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Per cent of the pixels that belong to a defect, (n, 1)."""
        shares: NDArray[np.float64] = 100.0 * (self.masks > 0).mean((1, 2))[:, None]
        return shares


def draw_defects(*, num: int, side: int, seed: int) -> Defects:
    """Draw surfaces that have each kind of defect with chance 0.4, so none, one, or several.

    Args:
        num: images.
        side: pixels, from 16.
        seed: start of all draws; the same seed gives the same images.
    """
    rows = []
    for number in range(num):
        draw = np.random.default_rng([seed, number])
        surface = weave(side, draw) if draw.random() < 0.5 else brushed(side, draw)
        chosen = [name for name in DEFECTS if draw.random() < _CHANCE]
        rows.append((surface, chosen, draw))
    return _drawn(rows, [None] * num)


def draw_odd_surfaces(*, num_normal: int, num_odd: int, side: int, seed: int) -> Defects:
    """Draw one kind of cloth; only the test images have defects, one each.

    Of the normal images six tenths are for training and two tenths each for validation and test.

    Args:
        num_normal: images without a defect.
        num_odd: images with one.
        side: pixels, from 16.
        seed: start of all draws.
    """
    names, rows, splits = list(DEFECTS), [], []
    for number in range(num_normal + num_odd):
        draw = np.random.default_rng([seed, number])
        is_odd = number >= num_normal
        rows.append((weave(side, draw), [names[number % len(names)]] if is_odd else [], draw))
        place: Split = "test" if is_odd or number % 5 == 4 else ("validation" if number % 5 == 3 else "train")
        splits.append(place)
    return _drawn(rows, splits)


def _drawn(
    rows: list[tuple[Plane, list[str], np.random.Generator]], splits: Sequence[Split | None]
) -> Defects:
    from scipy.ndimage import binary_closing

    images, masks, labels = [], [], []
    tags = np.zeros((len(rows), len(DEFECTS)))
    for row, (surface, chosen, draw) in enumerate(rows):
        mask = np.zeros(surface.shape, np.int64)
        plane = surface
        for name in chosen:
            number = list(DEFECTS).index(name)
            after = DEFECTS[name](plane, draw)
            # A fold changes nothing along its very middle, which belongs to it all the same.
            mask[binary_closing(np.abs(after - plane) >= _SEEN, iterations=2)] = 1 + number
            tags[row, number], plane = 1.0, after
        images.append(tinted(plane, draw))
        masks.append(mask)
        labels.append(chosen[-1] if chosen else "good")
    return Defects(np.stack(images), np.stack(masks), tags, labels, list(splits))
