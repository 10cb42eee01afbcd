"""The pooled features of all stages of a base: one pass over the images, stored in the feature cache."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graftwork.data import ImageSet, Transform
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.plan import ComputePlan
from graftwork.engine.boundary import steps_before
from graftwork.engine.compute import deterministic
from graftwork.engine.extract import feature_stores, fill_features
from graftwork.engine.network import Network
from graftwork.engine.shards import ShardStore, evict
from graftwork.engine.sources import Augmenter, row_name

__all__ = ["StageFeatures", "stage_wires"]


def stage_wires(network: Network, node: str) -> dict[str, str]:
    """Return the wire at the end of each stage of the base at ``node``, by the stage's name, in order."""
    placed = network.bases[node]
    outputs = {step.name: step.outputs[0] for step in network.steps}
    return {stage: outputs[step] for stage, step in zip(placed.base.stage_names(), placed.steps, strict=True)}


class StageFeatures:
    """What the stages of one base give for images: a row for each image, means over places or tokens.

    Args:
        network: any network with a base; put into inference mode.
        node: of the base.
        transform: of the images.
        compute: number format, layout, device; that of training shares stored features with it.
        cache: folder of the feature cache.

    The features of a last stage without places are those that head_only training stores. A network that
    draws random numbers on the way is never read from the cache.
    """

    def __init__(
        self, network: Network, node: str, transform: Transform, compute: ComputePlan, cache: Path
    ) -> None:
        network.eval()
        self._network, self._transform, self._compute, self._cache = network, transform, compute, cache
        self._wires = stage_wires(network, node)
        self._plain = Augmenter("none", 0, transform.size)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._stores: dict[str, ShardStore] = {}

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(self._wires)

    def fill(
        self,
        images: ImageSet,
        indices: Sequence[int],
        *,
        stop: Callable[[], bool] = lambda: False,
        tell: Callable[[ExtractionProgress], None] = lambda _: None,
    ) -> None:
        """Compute what is not stored yet, all stages in one pass.

        Args:
            images: the image set.
            indices: positions in it.
            stop: asked between batches; what is computed by then is kept.
            tell: told of progress.

        Raises:
            RunInterrupted: ``stop`` said so.
            DataError: an image cannot be read any more.
            FlowError: the base reads more than the image.
        """
        wires = list(self._wires.values())
        with deterministic(self._compute):
            self._open(wires)
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
                pooled_wires=wires,
            ):
                tell(progress)

    def _open(self, wires: Sequence[str]) -> None:
        if self._stores:
            return
        folder = self._cache / "features"
        if any(step.is_random for step in steps_before(self._network, wires[-1])):
            self._scratch = tempfile.TemporaryDirectory()
            folder = Path(self._scratch.name)
        self._stores = feature_stores(
            self._network, (), folder, self._transform, self._plain, self._compute, pooled_wires=wires
        )

    def of(self, stage: str, images: ImageSet, indices: Sequence[int]) -> NDArray[np.float32]:
        """Return the features (n, d) of images that were filled."""
        rows = [row_name(images.samples[i].digest, 0) for i in indices]
        features: NDArray[np.float32] = self._stores[self._wires[stage]].gather(rows).float().numpy()
        return features
