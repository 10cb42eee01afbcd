"""Where a phase's batches come from: stored features, or images.

A source gives the same batch for the same positions and epoch, whoever asked before: every random draw
is a function of seed, image and epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.data import ImageSet, Transform, augment_mask, augment_view, read_canvas
from graftwork.documents.plan import ComputePlan
from graftwork.documents.recipe import Augmentation
from graftwork.engine.compute import place
from graftwork.engine.shards import ShardStore

__all__ = ["Augmenter", "FeatureSource", "ImageSource", "Source", "prefetched", "row_name"]

_LOAD_INTO_MEMORY_BYTES = 256 * 2**20


def row_name(digest: str, view: int) -> str:
    """Return the name under which a view of an image is stored; view 0 is the image as it is."""
    return f"{digest}:{view}"


class Source(Protocol):
    """Inputs of a phase, by position. ``is_image``: images enter, not stored values."""

    is_image: bool
    is_in_memory: bool

    def __len__(self) -> int: ...

    def batch(self, positions: NDArray[np.int64], epoch: int) -> dict[str, Tensor]:
        """Return the values (n, …) of these positions by wire."""
        ...

    def views(self, positions: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """Return which view of each image ``batch`` gives, (n,); 0 is the image as it is."""
        ...


class FeatureSource:
    """Stored values at a boundary.

    Args:
        stores: hold the rows, by wire.
        rows: per position the names of its stored views; epoch e uses the one at (e + position) mod K.
        numbers: of these K views; 0 is the image as it is.
        compute: device of the batches.
    """

    is_image = False

    def __init__(
        self,
        stores: Mapping[str, ShardStore],
        rows: Sequence[Sequence[str]],
        compute: ComputePlan,
        numbers: Sequence[int] = (0,),
    ) -> None:
        self._stores = dict(stores)
        self._rows = rows
        self._compute = compute
        self._views = len(rows[0]) if rows else 1
        self._numbers = np.asarray(numbers, dtype=np.int64)
        self._loaded: dict[str, Tensor] = {}
        row_bytes = sum(store.row_bytes for store in stores.values())
        self.is_in_memory = len(rows) * self._views * row_bytes <= _LOAD_INTO_MEMORY_BYTES
        if self.is_in_memory:
            names = [row for views in rows for row in views]
            self._loaded = {wire: _floats(store.gather(names)) for wire, store in stores.items()}

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, positions: NDArray[np.int64], epoch: int) -> dict[str, Tensor]:
        views = (epoch + positions) % self._views
        if self._loaded:
            at = torch.from_numpy(positions * self._views + views)
            return {wire: place(values[at], self._compute) for wire, values in self._loaded.items()}
        rows = [self._rows[p][v] for p, v in zip(positions, views, strict=True)]
        return {w: place(_floats(s.gather(rows)), self._compute) for w, s in self._stores.items()}

    def views(self, positions: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        return self._numbers[(epoch + positions) % self._views]


def _floats(values: Tensor) -> Tensor:
    return values.float() if values.is_floating_point() else values


class Augmenter:
    """Random changes of an image, a function of (seed, image, view)."""

    def __init__(self, kind: Augmentation, seed: int, size: tuple[int, int]) -> None:
        self.kind = kind
        self.seed = seed
        self.size = size

    def __call__(self, canvas: NDArray[np.uint8], key: str, view: int) -> NDArray[np.uint8]:
        if self.kind == "none":
            return canvas
        return augment_view(canvas, self.kind, out_size=self.size, seed=self.seed, key=key, view=view)

    def mask(self, mask: NDArray[np.int64], key: str, view: int) -> NDArray[np.int64]:
        """Return the mask of a view, turned, cropped and flipped as its image; ``mask`` is the wide one."""
        return augment_mask(mask, self.kind, out_size=self.size, seed=self.seed, key=key, view=view)


class ImageSource:
    """Normalized images, decoded once where a store is given.

    Args:
        images: the image set.
        indices: positions in the set.
        transform: of the base's port.
        augmenter: applied anew in each epoch; None for validation and test images.
        store: decoded canvases by row name; None decodes each time.
        compute: device and layout of the batches.
        wire: where the images enter the network.
    """

    is_image = True
    is_in_memory = False

    def __init__(
        self,
        images: ImageSet,
        indices: Sequence[int],
        transform: Transform,
        *,
        augmenter: Augmenter | None,
        store: ShardStore | None,
        compute: ComputePlan,
        wire: str,
    ) -> None:
        self._images = images
        self._wire = wire
        self._indices = list(indices)
        self._transform = transform
        self._augmenter = augmenter if augmenter is not None and augmenter.kind != "none" else None
        self._store = store
        self._compute = compute

    def __len__(self) -> int:
        return len(self._indices)

    def batch(self, positions: NDArray[np.int64], epoch: int) -> dict[str, Tensor]:
        indices = [self._indices[p] for p in positions]
        canvases = self._canvases(indices)
        if self._augmenter is not None:
            keys = [self._images.samples[i].digest for i in indices]
            canvases = [self._augmenter(c, k, view=epoch + 1) for c, k in zip(canvases, keys, strict=True)]
        stacked = torch.from_numpy(np.stack(canvases))
        return {self._wire: place(self._transform.normalize(stacked), self._compute)}

    def views(self, positions: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        return np.full(len(positions), 0 if self._augmenter is None else epoch + 1, dtype=np.int64)

    def _canvases(self, indices: Sequence[int]) -> list[NDArray[np.uint8]]:
        if self._store is None:
            wide = self._augmenter is not None
            return [read_canvas(self._images, i, self._transform, wide=wide) for i in indices]
        rows = [row_name(self._images.samples[i].digest, 0) for i in indices]
        return list(self._store.gather(rows).numpy())


def prefetched(
    source: Source, batches: Sequence[NDArray[np.int64]], epoch: int
) -> Iterator[tuple[NDArray[np.int64], dict[str, Tensor]]]:
    """Yield each batch's positions and inputs, the next one being made while this one is used."""
    if source.is_in_memory or not batches:
        yield from ((positions, source.batch(positions, epoch)) for positions in batches)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(source.batch, batches[0], epoch)
        for index, positions in enumerate(batches):
            ready = coming.result()
            if index + 1 < len(batches):
                coming = pool.submit(source.batch, batches[index + 1], epoch)
            yield positions, ready
