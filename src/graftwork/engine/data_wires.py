"""What the data says beside the images: labels and further columns, by wire."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.data import ImageSet, Transform
from graftwork.engine.sources import Augmenter

__all__ = ["DataWires"]


class DataWires:
    """Labels and columns of some images.

    Args:
        images: the image set.
        indices: positions in the set.
        wires: names of the wires, ``node.port``; the port says what is meant.
        transform: masks get the geometry that it gives the images.
        augmenter: of the images, when views of them are asked for.

    Numbers stay in memory; masks are read when they are asked for.
    """

    def __init__(
        self,
        images: ImageSet,
        indices: Sequence[int],
        wires: Sequence[str],
        transform: Transform,
        augmenter: Augmenter | None = None,
    ) -> None:
        self._images, self._indices, self._transform = images, list(indices), transform
        self._augmenter = augmenter
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

    def batch(
        self, positions: NDArray[np.int64], device: str, views: NDArray[np.int64] | None = None
    ) -> dict[str, Tensor]:
        """Return the values (n, …) of these positions by wire.

        Args:
            positions: of the images, from 0.
            device: where the values go.
            views: which view of each image the masks belong to; None: the images as they are.
        """
        at = torch.from_numpy(positions)
        found = {wire: values[at].to(device) for wire, values in self._loaded.items()}
        for wire in self._wires.keys() - found.keys():
            found[wire] = self._masks(positions, views).to(device)
        return found

    def _masks(self, positions: NDArray[np.int64], views: NDArray[np.int64] | None = None) -> Tensor:
        numbers = [0] * len(positions) if views is None else views.tolist()
        masks = [self._mask(self._indices[p], view) for p, view in zip(positions, numbers, strict=True)]
        return torch.from_numpy(np.stack(masks))

    def _mask(self, index: int, view: int) -> NDArray[np.int64]:
        """Return the mask over the very pixels of a view of the image, (h, w)."""
        if view == 0 or self._augmenter is None:
            size, share = self._transform.size, self._transform.crop_share
            return self._images.read_mask(index, size, crop_share=share)
        wide = self._images.read_mask(index, self._transform.wide_size)
        return self._augmenter.mask(wide, self._images.samples[index].digest, view)

    def labels(self) -> Tensor:
        """Return all labels: int64 (n,), float32 (n, k), or masks int64 (n, h, w)."""
        for wire, port in self._wires.items():
            if port == "labels" and wire in self._loaded:
                return self._loaded[wire]
        if self._images.label_kind == "mask":
            return self._masks(np.arange(len(self), dtype=np.int64))
        return torch.from_numpy(self._images.labels(self._indices))
