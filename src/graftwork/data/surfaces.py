"""Synthetic surfaces with defects, drawn by formulas: for tests and first steps, not for figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SURFACE_CLASSES",
    "Plane",
    "brushed",
    "draw_surfaces",
    "tinted",
    "weave",
    "with_fold",
    "with_scratch",
    "with_spot",
]

Plane = NDArray[np.float64]

SURFACE_CLASSES = ("fold", "good", "scratch", "spot")


def draw_surfaces(*, num_per_class: int, side: int, seed: int) -> tuple[NDArray[np.uint8], list[str]]:
    """Draw woven and brushed surfaces without and with a defect.

    Args:
        num_per_class: images of each class.
        side: pixels, from 16.
        seed: start of all draws; the same seed gives the same images.

    Returns:
        Images, uint8 RGB, shape (n, side, side, 3), and their class names.
    """
    defects: dict[str, Callable[[Plane, np.random.Generator], Plane]] = {
        "fold": with_fold,
        "good": lambda plane, _: plane,
        "scratch": with_scratch,
        "spot": with_spot,
    }
    images, labels = [], []
    for number, name in enumerate(n for n in SURFACE_CLASSES for _ in range(num_per_class)):
        draw = np.random.default_rng([seed, number])
        plane = weave(side, draw) if draw.random() < 0.5 else brushed(side, draw)
        images.append(tinted(defects[name](plane, draw), draw))
        labels.append(name)
    return np.stack(images), labels


def _grid(side: int) -> tuple[Plane, Plane]:
    y, x = np.mgrid[0:side, 0:side] / side
    return y, x


def weave(side: int, draw: np.random.Generator) -> Plane:
    """Return woven cloth, (side, side), about 0.55 of white."""
    y, x = _grid(side)
    threads, angle = draw.uniform(14, 22), draw.uniform(-0.1, 0.1)
    u, v = x + angle * y, y - angle * x
    phase = draw.uniform(0, 2 * np.pi, 2)
    cloth = np.sin(2 * np.pi * threads * u + phase[0]) * np.sin(2 * np.pi * threads * v + phase[1])
    woven: Plane = 0.55 + 0.10 * cloth + _noise(side, draw, 0.03)
    return woven


def brushed(side: int, draw: np.random.Generator) -> Plane:
    """Return brushed metal, (side, side), about 0.6 of white."""
    lines = draw.normal(0, 0.05, (side, 1))
    return 0.6 + lines + _noise(side, draw, 0.02)


def _noise(side: int, draw: np.random.Generator, strength: float) -> Plane:
    y, x = _grid(side)
    slope = draw.uniform(-0.12, 0.12, 2)
    light: Plane = slope[0] * (x - 0.5) + slope[1] * (y - 0.5) + draw.normal(0, strength, (side, side))
    return light


def _distance_to_line(side: int, draw: np.random.Generator) -> tuple[Plane, Plane]:
    """Return the distances across and along a random line through the middle part."""
    y, x = _grid(side)
    angle, center = draw.uniform(0, np.pi), draw.uniform(0.35, 0.65, 2)
    across = (x - center[0]) * np.sin(angle) - (y - center[1]) * np.cos(angle)
    along = (x - center[0]) * np.cos(angle) + (y - center[1]) * np.sin(angle)
    return across, along


def with_fold(plane: Plane, draw: np.random.Generator) -> Plane:
    """Return the surface with the shade of a fold along a line."""
    across, _ = _distance_to_line(len(plane), draw)
    width = draw.uniform(0.05, 0.09)
    shade: Plane = plane + 0.28 * np.tanh(across / width) * np.exp(-((across / (2 * width)) ** 2))
    return shade


def with_scratch(plane: Plane, draw: np.random.Generator) -> Plane:
    """Return the surface with a thin bright scratch."""
    across, along = _distance_to_line(len(plane), draw)
    line = np.exp(-((across / draw.uniform(0.008, 0.015)) ** 2)) * (np.abs(along) < draw.uniform(0.15, 0.35))
    scratched: Plane = plane + 0.4 * line
    return scratched


def with_spot(plane: Plane, draw: np.random.Generator) -> Plane:
    """Return the surface with a dark spot."""
    y, x = _grid(len(plane))
    center, radii = draw.uniform(0.25, 0.75, 2), draw.uniform(0.06, 0.14, 2)
    spot = np.exp(-((((x - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2) ** 2))
    stained: Plane = plane - 0.3 * spot
    return stained


def tinted(plane: Plane, draw: np.random.Generator) -> NDArray[np.uint8]:
    """Return the surface as pixels, uint8 (side, side, 3), in a slight tint."""
    tint = 1 + draw.uniform(-0.06, 0.06, 3)
    pixels: NDArray[np.uint8] = np.clip(plane[..., None] * tint * 255, 0, 255).astype(np.uint8)
    return pixels
