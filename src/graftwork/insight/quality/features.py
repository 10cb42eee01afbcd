"""Pooled features of all images from the main base as it was pretrained, computed once and stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.components.head import Pool
from graftwork.data import ImageSet
from graftwork.documents.plan import ComputePlan
from graftwork.engine.extract import feature_key, feature_stores, fill_features
from graftwork.engine.network import Network, Step
from graftwork.engine.prepare import Prepared
from graftwork.engine.shards import ShardStore, cache_limit_bytes, evict
from graftwork.engine.sources import Augmenter, row_name
from graftwork.errors import FlowError

__all__ = ["FeatureTable"]

_CHUNK = 512

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureTable:
    """The features of a flow's images at the end of its main base, averaged over places.

    Stored in the feature cache under the images' digests: a second look passes no image through the base,
    and what a training stored at the end of the base is taken from there.

    Args:
        prepared: the flow, its network with pretrained weights.
        cache: folder that runs share.
        stop: asked between batches.
        tell: told of progress.

    Raises:
        FlowError: the flow has no base that opens into stages.
    """

    prepared: Prepared
    cache: Path
    stop: Callable[[], bool] = lambda: False
    tell: Callable[[Any], object] = lambda _: None

    def __post_init__(self) -> None:
        if self.network.main is None:
            raise FlowError(
                f"The flow '{self.prepared.flow.name}' has no base that opens into stages.",
                hint="This look wants a backbone, or custom code that is one model.",
            )

    @property
    def network(self) -> Network:
        """The network that gives the features."""
        return self.prepared.network

    @property
    def stage(self) -> str:
        """The last stage of the main base."""
        assert self.network.main is not None
        return self.network.main.base.stages[len(self.network.main.steps) - 1].name

    @property
    def base_id(self) -> str:
        """The main base."""
        return self.network.base.card.id

    @property
    def is_untrained(self) -> bool:
        """Whether the flow starts the base from random values."""
        assert self.network.main is not None
        node = self.prepared.flow.node(self.network.main.node)
        return self.base_id.startswith("random:") or node.settings.get("strategy") == "from_scratch"

    @property
    def wire(self) -> str:
        """The wire at the end of the main base."""
        assert self.network.main is not None
        last = self.network.main.steps[-1]
        return next(s.outputs[0] for s in self.network.steps if s.name == last)

    @property
    def key(self) -> str:
        """A name for all that the features depend on, apart from the images: base, weights, transform."""
        return self._pooled()[1].folder.name

    def of(self, images: ImageSet) -> Floats:
        """Return the features of all images, float32 (n, d), in the order of ``images.samples``.

        Raises:
            RunInterrupted: ``stop`` said so; what was computed is kept.
            DataError: an image cannot be read any more.
        """
        self.network.eval()
        network, store = self._pooled()
        self._make_room(store, len(images))
        self._take_over(images, store)
        jobs = [(i, (0,)) for i in range(len(images))]
        transform, compute = self.prepared.transform, self._compute
        plain = self._plain()
        for progress in fill_features(
            network, images, jobs, {_WIRE: store}, transform, plain, compute, stop=self.stop
        ):
            self.tell(progress)
        return store.gather([row_name(s.digest, 0) for s in images.samples]).float().numpy()

    @property
    def _compute(self) -> ComputePlan:
        return self.prepared.plan.compute

    def _plain(self) -> Augmenter:
        return Augmenter("none", 0, self.prepared.transform.size)

    def _pooled(self) -> tuple[Network, ShardStore]:
        """Return the network with one more step, which pools, and the store of what that gives."""
        old = self.network
        assert old.main is not None
        step = Step(_WIRE, old.main.node, Pool(), (self.wire,), (_WIRE,), "new", "pool")
        network = Network(
            (*old.steps, step),
            old.bases,
            old.sinks,
            image_wire=old.image_wire,
            data_wires=old.data_wires,
        ).eval()
        folder, transform = self.cache / "features", self.prepared.transform
        stores = feature_stores(network, [_WIRE], folder, transform, self._plain(), self._compute)
        return network, stores[_WIRE]

    def _make_room(self, store: ShardStore, rows: int) -> None:
        needed = max(0, rows - len(store)) * store.row_bytes
        if needed > cache_limit_bytes(self.cache) // 100:
            evict(self.cache, [store.folder, *self._trained_folders()], needed)

    def _trained_folders(self) -> list[Path]:
        """Return where a training may have stored the base's whole output, plain or beside augmented views."""
        keys = [
            feature_key(self.network, self.wire, self.prepared.transform, augmenter, self._compute)
            for augmenter in (self._plain(), self.prepared.augmenter)
        ]
        return list(dict.fromkeys(self.cache / "features" / key for key in keys))

    def _take_over(self, images: ImageSet, store: ShardStore) -> None:
        """Pool what a training stored, so that no image passes through the base for it."""
        lacking = {row_name(s.digest, 0) for s in images.samples} - set(store.rows())
        pool = Pool()
        for folder in self._trained_folders():
            whole = ShardStore.existing(folder)
            if whole is None or not lacking:
                continue
            found = sorted(row for row in lacking if row in whole)
            with store.writer() as writer:
                for part in _parts(found, _CHUNK):
                    writer.append(part, pool(whole.gather(part).float()))
            lacking -= set(found)


_WIRE = "pooled end of the base"


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
