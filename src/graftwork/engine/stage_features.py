"""One vector for each image at wires of a network: one pass over the images, stored in the feature cache."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graftwork.data import ImageSet, Transform
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.plan import ComputePlan
from graftwork.engine.boundary import steps_before
from graftwork.engine.compute import deterministic
from graftwork.engine.extract import (
    VIEWS_AT_ONCE,
    feature_key,
    feature_stores,
    fill_features,
    pass_views,
    pooled,
)
from graftwork.engine.network import Network
from graftwork.engine.shards import ShardStore, evict
from graftwork.engine.sources import Augmenter, row_name

__all__ = ["StageFeatures", "WireFeatures", "stage_wires"]

_CHUNK = 1024


def stage_wires(network: Network, node: str) -> dict[str, str]:
    """Return the wire at the end of each stage of the base at ``node``, by the stage's name, in order."""
    placed = network.bases[node]
    outputs = {step.name: step.outputs[0] for step in network.steps}
    return {stage: outputs[step] for stage, step in zip(placed.base.stage_names(), placed.steps, strict=True)}


class WireFeatures:
    """What wires of a network give for images: a row for each image, means over places or tokens.

    A wire has one entry in the feature cache, whoever asks: a look finds what another look or a training on
    stored features computed. A network that draws random numbers on the way is never read from the cache.

    Args:
        network: put into inference mode.
        wires: in the order of the network's steps.
        transform: of the images.
        compute: number format, layout, device; that of training shares stored features with it.
        cache: folder of the feature cache.
    """

    def __init__(
        self, network: Network, wires: Sequence[str], transform: Transform, compute: ComputePlan, cache: Path
    ) -> None:
        network.eval()
        self._network, self._transform, self._compute, self._cache = network, transform, compute, cache
        self._wires = tuple(wires)
        self._plain = Augmenter("none", 0, transform.size)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def key(self, wire: str) -> str:
        """Return the name of a wire's entry in the cache: all that its features depend on, apart from the images.

        Raises:
            FlowError: the network reads more than the image on the way.
        """
        return self._stores[wire].folder.name

    def fill(
        self,
        images: ImageSet,
        indices: Sequence[int],
        *,
        stop: Callable[[], bool] = lambda: False,
        tell: Callable[[ExtractionProgress], object] = lambda _: None,
    ) -> None:
        """Compute what is not stored yet, all wires in one pass.

        Args:
            images: the image set.
            indices: positions in it.
            stop: asked between batches; what is computed by then is kept.
            tell: told of progress.

        Raises:
            RunInterrupted: ``stop`` said so.
            DataError: an image cannot be read any more.
            FlowError: the network reads more than the image on the way.
        """
        with deterministic(self._compute):
            rows = [row_name(images.samples[i].digest, 0) for i in indices]
            for wire, store in self._stores.items():
                store.refresh()
                self._take_over(wire, rows, store)
            new = sum(max(0, len(indices) - len(s)) * s.row_bytes for s in self._stores.values())
            evict(self._cache, [s.folder for s in self._stores.values()], new)
            for progress in fill_features(
                self._network,
                images,
                [(i, (0,)) for i in indices],
                self._stores,
                self._transform,
                self._plain,
                self._compute,
                stop=stop,
                pooled_wires=self._wires,
            ):
                tell(progress)

    @cached_property
    def _stores(self) -> dict[str, ShardStore]:
        folder = self._cache / "features"
        if any(step.is_random for step in steps_before(self._network, self._wires[-1])):
            self._scratch = tempfile.TemporaryDirectory()
            folder = Path(self._scratch.name)
        with deterministic(self._compute):
            return feature_stores(
                self._network,
                (),
                folder,
                self._transform,
                self._plain,
                self._compute,
                pooled_wires=self._wires,
            )

    def _take_over(self, wire: str, rows: Sequence[str], store: ShardStore) -> None:
        """Pool the rows that a training stored with their places, so that no image passes here again."""
        whole_key = feature_key(self._network, wire, self._transform, self._plain, self._compute)
        folder = store.folder.parent
        if whole_key == store.folder.name or not (folder / whole_key).is_dir():
            return
        whole = feature_stores(self._network, [wire], folder, self._transform, self._plain, self._compute)[
            wire
        ]
        known = [row for row in dict.fromkeys(rows) if row in whole and row not in store]
        with store.writer() as writer:
            for start in range(0, len(known), _CHUNK):
                part = known[start : start + _CHUNK]
                writer.append(part, pooled(whole.gather(part)))

    def of(self, wire: str, images: ImageSet, indices: Sequence[int]) -> NDArray[np.float32]:
        """Return the features (n, d) of images that were filled."""
        store = self._stores[wire]
        rows = [row_name(images.samples[i].digest, 0) for i in indices]
        if not rows:
            return np.empty((0, int(np.prod(store.shape))), dtype=np.float32)
        features: NDArray[np.float32] = store.gather(rows).float().numpy()
        return features

    def of_canvases(self, wire: str, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features (n, d) of images that have the network's size, uint8 (n, h, w, 3); not stored."""
        found = []
        with deterministic(self._compute):
            for start in range(0, len(canvases), VIEWS_AT_ONCE):
                part = canvases[start : start + VIEWS_AT_ONCE]
                values = pass_views(self._network, part, [wire], [wire], self._transform, self._compute)
                found.append(values[wire].float().cpu().numpy())
        return np.concatenate(found)


class StageFeatures:
    """What the stages of one base give for images; see ``WireFeatures``.

    The features of a last stage without places are those that head_only training stores.

    Args:
        network: any network with a base; put into inference mode.
        node: of the base.
        transform, compute, cache: as of ``WireFeatures``.
    """

    def __init__(
        self, network: Network, node: str, transform: Transform, compute: ComputePlan, cache: Path
    ) -> None:
        self._wires = stage_wires(network, node)
        self._features = WireFeatures(network, tuple(self._wires.values()), transform, compute, cache)
        self.fill = self._features.fill

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(self._wires)

    def of(self, stage: str, images: ImageSet, indices: Sequence[int]) -> NDArray[np.float32]:
        """Return the features (n, d) of images that were filled."""
        return self._features.of(self._wires[stage], images, indices)
