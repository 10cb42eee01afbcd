"""Small synthetic images and folders of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

Photo = Callable[..., Image.Image]
MakeFolder = Callable[..., Path]


def _photo(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return an image like a photograph: soft shapes, fine detail, all colors."""
    draw = np.random.default_rng(seed)
    noise = draw.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    soft = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    grain = draw.normal(0, 8, (size[1], size[0], 1))
    pixels = np.clip(np.asarray(soft.filter(ImageFilter.SMOOTH)) + grain, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.fixture(scope="session")
def photo() -> Photo:
    return _photo


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Return a function that writes a folder per class: make_folder({"cat": 5, "dog": 7})."""

    def make(counts: dict[str, int], root: str = "photos", suffix: str = ".png", start: int = 0) -> Path:
        seed = start
        for name, count in counts.items():
            folder = tmp_path / root / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                _photo(seed).save(folder / f"{number}{suffix}")
                seed += 1
        return tmp_path / root

    return make
