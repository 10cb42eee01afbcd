"""What the data says beside the images: labels and further columns, by wire."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.data import ImageSet, Transform

__all__ = ["DataWires"]


class DataWires:
    """Labels and columns of some images.

    Args:
        images: the image set.
        indices: positions in the set.
        wires: names of the wires, ``node.port``; the port says what is meant.
        transform: masks get the geometry that it gives the images.

    Numbers stay in memory; masks are read when they are asked for.
    """

    def __init__(
        self, images: ImageSet, indices: Sequence[int], wires: Sequence[str], transform: Transform
    ) -> None:
        self._images, self._indices, self._transform = images, list(indices), transform
        self._wires = {wire: wire.partition(".")[2] for wire in wires}
        self._loaded: dict[str, Tensor] = {}
        for wire, port in self._wires.items():
            values = self._read(port)
            if values is not None:
                self._loaded[wire] = torch.from_numpy(values)

    def _read(self, port: str) -> NDArray[np.int64] | NDArray[np.float32] | None:
        if port == "numbers":
            return self._images.numbers(self._indices)
        if port == "categories":
            return self._images.categories(self._indices)
        if self._images.label_kind == "mask":
            return None
        return self._images.labels(self._indices)

    def __len__(self) -> int:
        return len(self._indices)

    def batch(self, positions: NDArray[np.int64], device: str) -> dict[str, Tensor]:
        """Return the values (n, …) of these positions by wire."""
        at = torch.from_numpy(positions)
        found = {wire: values[at].to(device) for wire, values in self._loaded.items()}
        for wire in self._wires.keys() - found.keys():
            found[wire] = self._masks(positions).to(device)
        return found

    def _masks(self, positions: NDArray[np.int64]) -> Tensor:
        size, share = self._transform.size, self._transform.crop_share
        masks = [self._images.read_mask(self._indices[p], size, crop_share=share) for p in positions]
        return torch.from_numpy(np.stack(masks))

    def labels(self) -> Tensor:
        """Return all labels: int64 (n,), float32 (n, k), or masks int64 (n, h, w)."""
        for wire, port in self._wires.items():
            if port == "labels" and wire in self._loaded:
                return self._loaded[wire]
        if self._images.label_kind == "mask":
            return self._masks(np.arange(len(self), dtype=np.int64))
        return torch.from_numpy(self._images.labels(self._indices))
