"""Folders as torch sees them in an ordinary script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from benchmarks.peers.common import SIDE, Task

__all__ = ["image_transform", "make_loader", "open_folder"]


def image_transform() -> Any:
    """Return what Graftwork does by default to the bundled base's images: short side, center, ±1."""
    import torch

    return v2.Compose(
        [
            v2.Resize(SIDE, interpolation=InterpolationMode.BICUBIC),
            v2.CenterCrop(SIDE),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )


def open_folder(root: Path, transform: Any = None) -> ImageFolder:
    """Return one split."""
    return ImageFolder(str(root), transform=transform or image_transform())


def make_loader(task: Task, split: str, *, transform: Any = None) -> DataLoader[Any]:
    """Return the loader of a split: a worker for each processor, kept between epochs."""
    return DataLoader(
        open_folder(task.data / split, transform),
        batch_size=task.batch,
        shuffle=split == "train",
        num_workers=task.threads,
        persistent_workers=True,
    )
