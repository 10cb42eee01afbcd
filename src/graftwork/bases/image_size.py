"""Which image sizes a model takes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graftwork.bases.trace import UNTRACEABLE
from graftwork.documents.card import InputPort
from graftwork.errors import ImageSizeError

__all__ = ["check_patches", "example_images", "run_whole"]

SIZES_TO_TRY = (8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 299, 320, 384, 448, 512)


def example_images(port: InputPort) -> Tensor:
    """Return two noise images that fit ``port``, always the same, shape (2, c, h, w)."""
    source = torch.Generator().manual_seed(0)
    return torch.rand((2, port.channels, port.height, port.width), generator=source)


def check_patches(base_id: str, image_size: int, patch_size: int) -> None:
    """Raise unless images of ``image_size`` pixels divide into whole patches.

    Raises:
        ImageSizeError: they do not; names the nearest sizes that do.
    """
    if image_size > 0 and image_size % patch_size == 0:
        return
    below = image_size // patch_size * patch_size
    nearest = [size for size in (below, below + patch_size) if size > 0]
    raise ImageSizeError(
        f"Base '{base_id}' cuts images into patches of {patch_size} pixels, so an image size of {image_size} "
        "does not fit.",
        hint=f"Take {' or '.join(map(str, nearest))}.",
        image_size=image_size,
        nearest=nearest,
    )


def run_whole(base_id: str, module: nn.Module, images: Tensor) -> Tensor:
    """Return the model's output on ``images``.

    Raises:
        ImageSizeError: it fails at this size; names the smallest size found to work.
    """
    try:
        return module(images.clone())  # type: ignore[no-any-return]
    except UNTRACEABLE as error:
        height, width = images.shape[2:]
        channels = images.shape[1]
        smallest = next((s for s in SIZES_TO_TRY if works(module, channels, s)), None)
        hint = f"The smallest size found to work is {smallest}." if smallest else "Leave the image size out."
        raise ImageSizeError(
            f"Base '{base_id}' cannot take images of {height}×{width} pixels ({first_line(error)}).",
            hint=hint,
            image_size=height,
            smallest=smallest,
        ) from error


def works(module: nn.Module, channels: int, size: int) -> bool:
    try:
        module(torch.zeros((2, channels, size, size)))
    except UNTRACEABLE:
        return False
    return True


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160].rstrip(".") if lines else type(error).__name__
