"""Images to measure on: a fixed split of any data set as folders, and JPEGs drawn on the fly."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.data import ImageSet, open_images, split_images

__all__ = ["DEFAULT_SOURCE", "draw_jpegs", "draw_photo", "lay_out", "share_of"]

DEFAULT_SOURCE = "sample:animals"
_SIDE = 224
_LEAST_PER_CLASS = 10


def share_of(images: ImageSet, count: int, seed: int) -> ImageSet:
    """Return about ``count`` images in the classes' shares; all of them if ``count`` is 0 or too large."""
    total = len(images.samples)
    if not 0 < count < total:
        return images
    of_class: dict[int | None, list[int]] = defaultdict(list)
    for index in np.random.default_rng(seed).permutation(total):
        of_class[images.samples[index].label].append(int(index))
    keep = {
        index
        for members in of_class.values()
        for index in members[: max(_LEAST_PER_CLASS, round(len(members) * count / total))]
    }
    return replace(images, samples=tuple(s for i, s in enumerate(images.samples) if i in keep))


def lay_out(source: str, target: Path, *, count: int, seed: int) -> dict[str, int]:
    """Write a split data set as ``target/SPLIT/CLASS/FILE``, the same for every peer.

    Duplicates stay in one split. Files are copied as they are; arrays become PNG files of at least 224
    pixels.

    Returns:
        Images per split.
    """
    images = split_images(share_of(open_images(source), count, seed), seed=seed)
    numbers: dict[str, int] = defaultdict(int)
    for index, sample in enumerate(images.samples):
        if sample.split is None or sample.label is None:
            continue
        numbers[sample.split] += 1
        folder = target / sample.split / images.classes[sample.label]
        folder.mkdir(parents=True, exist_ok=True)
        file = Path(source) / sample.key
        if file.is_file():
            shutil.copyfile(file, folder / f"{index:06d}{file.suffix.lower()}")
        else:
            image = images.reader.open(sample).convert("RGB")
            scale = max(1, -(-_SIDE // min(image.size)))
            image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC).save(
                folder / f"{index:06d}.png", compress_level=1
            )
    return dict(numbers)


def draw_photo(width: int, height: int, *, seed: int, tint: int = 0) -> NDArray[np.uint8]:
    """Return something with a photograph's mixture of surfaces, edges and grain: uint8, shape (h, w, 3)."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    surfaces = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    edges = random.integers(0, 2, (max(2, height // 64), max(2, width // 64)), dtype=np.uint8) * 60
    blocks = np.asarray(Image.fromarray(edges).resize((width, height), Image.Resampling.NEAREST))
    grain = random.normal(0, 6, (height, width, 1))
    light = surfaces.astype(np.float32) * 0.7 + blocks[..., None] + grain
    light[..., tint % 3] += 25
    pixels: NDArray[np.uint8] = light.clip(0, 255).astype(np.uint8)
    return pixels


def draw_jpegs(target: Path, *, count: int, side: int, num_classes: int = 3) -> None:
    """Write ``count`` different JPEG files, a folder for each class."""
    for index in range(count):
        label = index % num_classes
        folder = target / f"class_{label}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = draw_photo(side, side, seed=index, tint=label)
        Image.fromarray(pixels).save(folder / f"{index:06d}.jpg", quality=90)
