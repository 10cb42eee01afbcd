"""One vector for each image at a wire of a network: read from the feature cache, or computed once and kept there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graftwork.data import ImageSet, Transform
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast, deterministic, place
from graftwork.engine.extract import feature_key, feature_stores, fill_features
from graftwork.engine.network import Network, Step
from graftwork.engine.shards import ShardStore, evict
from graftwork.engine.sources import Augmenter, row_name
from graftwork.errors import FlowError, UnknownName, did_you_mean

__all__ = ["FeatureReader", "Place", "find_place", "pooled"]

_CHUNK = 1024
_BATCH = 32


@dataclass(frozen=True)
class Place:
    """Where in a network features are taken: the wire, and its place in words ('base', 'head', or a stage)."""

    wire: str
    name: str


def find_place(network: Network, at: str = "base") -> Place:
    """Return the wire that a place means.

    Args:
        network: of a flow.
        at: 'base', the end of the main base; a stage of it; or 'head', what enters the last part with
            parameters before the prediction. 'base' means 'head' where a flow has no base that opens.

    Raises:
        UnknownName: no such stage.
        FlowError: nothing with parameters lies before the prediction.
    """
    main = network.main
    if main is not None:
        stages = dict(zip(main.base.stage_names(), main.steps, strict=True))
        wires = {step.name: step.outputs[0] for step in network.steps}
        if at == "base":
            return Place(wires[main.steps[-1]], "base")
        if at in stages:
            return Place(wires[stages[at]], at)
    names = ["base", "head", *(main.base.stage_names() if main is not None else ())]
    if at not in names:
        raise UnknownName(f"There is no place '{at}' to take features from.", hint=did_you_mean(at, names))
    return Place(_before_head(network), "head")


def _before_head(network: Network) -> str:
    """Return the wire into the last step with parameters that the main prediction needs."""
    needed = {network.output_wire}
    for step in reversed(network.steps):
        if needed.intersection(step.outputs):
            if step.role == "new" and any(True for _ in step.module.parameters()):
                return step.inputs[0]
            needed.update(step.inputs)
    raise FlowError(
        "Nothing that the flow adds has parameters, so there is no head to look before.",
        hint="Take the features at 'base' or at a stage.",
    )


def pooled(values: Tensor) -> Tensor:
    """Return one vector for each image, float32 (n, d): maps (n, d, h, w) and tokens (n, t, d) by their mean."""
    values = values.float()
    if values.ndim == 4:
        return values.mean((2, 3))
    if values.ndim == 3:
        return values.mean(1)
    return values.flatten(1)


class _Pooled(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return pooled(values)


class FeatureReader:
    """Features of images at one place of a network.

    Args:
        network: in the state that is looked at; its parts are shared, nothing is changed.
        place: where.
        transform: from images to what the network takes.
        compute: number format and device, part of a cache entry's name.
        cache: folder of the project's cache.

    Raises:
        FlowError: the place cannot be reached from the image alone.
    """

    def __init__(
        self, network: Network, place: Place, transform: Transform, compute: ComputePlan, cache: Path
    ) -> None:
        network.eval()
        self.place = place
        self.transform = transform
        self.compute = compute
        self._cache = cache
        self._plain = Augmenter("none", 0, transform.size)
        self._raw = network
        self._network, self._wire = self._with_pooling(network)
        self.key = feature_key(self._network, self._wire, transform, self._plain, compute)

    def _with_pooling(self, network: Network) -> tuple[Network, str]:
        """Return a network that ends in a vector; its entry in the cache is then small."""
        wire = self.place.wire
        try:
            blank = self._values(network, wire, np.zeros((1, *self.transform.size, 3), dtype=np.uint8))
        except FlowError as error:
            raise FlowError(
                "Features there need more than the image: the flow also reads columns of a table.",
                hint="Take the features at 'base' or at a stage.",
            ) from error
        if blank.ndim == 2:
            return network, wire
        name = f"{wire}:mean"
        step = Step(name, name, _Pooled(), (wire,), (name,), "new", "mean over places")
        steps = (*network.steps, step)
        made = Network(steps, network.bases, network.sinks, image_wire=network.image_wire)
        return made.eval(), name

    def _values(self, network: Network, wire: str, canvases: NDArray[np.uint8]) -> Tensor:
        before = network.base_images
        with deterministic(self.compute), torch.inference_mode(), autocast(self.compute):
            batch = place(self.transform.normalize(torch.from_numpy(canvases)), self.compute)
            values = network.run({network.image_wire: batch}, [wire])[wire]
        network.base_images = before
        return values

    def of_canvases(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features (n, d) of images that have the network's size, uint8 (n, h, w, 3); not stored."""
        found = []
        for start in range(0, len(canvases), _BATCH):
            part = canvases[start : start + _BATCH]
            # A whole batch as in the stored pass: kernels may round differently for another size.
            padding = np.zeros((_BATCH - len(part), *part.shape[1:]), dtype=np.uint8)
            values = self._values(self._network, self._wire, np.concatenate([part, padding]))
            found.append(pooled(values[: len(part)]).cpu().numpy())
        return np.concatenate(found)

    def of_images(
        self,
        images: ImageSet,
        indices: Sequence[int],
        *,
        tell: Callable[[ExtractionProgress], object] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.float32]:
        """Return the features (n, d) of images of a set; what is not stored yet is computed and stored.

        Args:
            images: the set.
            indices: positions in it.
            tell: told of the progress.
            stop: asked between batches; what is computed by then is kept.

        Raises:
            RunInterrupted: ``stop`` said so.
            DataError: an image cannot be read any more.
        """
        rows = [row_name(images.samples[i].digest, 0) for i in indices]
        store = self._stored_whole(rows)
        if store is None:
            for progress in self._fill(images, indices, stop):
                tell(progress)
            store = self._store(self._network, self._wire)
        parts = [pooled(store.gather(rows[i : i + _CHUNK])).numpy() for i in range(0, len(rows), _CHUNK)]
        return np.concatenate(parts) if parts else np.empty((0, int(np.prod(store.shape))), dtype=np.float32)

    def _store(self, network: Network, wire: str) -> ShardStore:
        folder = self._cache / "features"
        with deterministic(self.compute):
            return feature_stores(network, [wire], folder, self.transform, self._plain, self.compute)[wire]

    def _stored_whole(self, rows: Sequence[str]) -> ShardStore | None:
        """Return what a run stored at this place, as it was before pooling, if it has all of the rows."""
        if self._network is self._raw:
            return None  # there is but one entry
        key = feature_key(self._raw, self.place.wire, self.transform, self._plain, self.compute)
        if not (self._cache / "features" / key).is_dir():
            return None
        store = self._store(self._raw, self.place.wire)
        return store if all(row in store for row in rows) else None

    def _take_over(self, rows: Sequence[str], store: ShardStore) -> None:
        """Pool the rows that a run stored here, so that their images pass through the base no more."""
        key = feature_key(self._raw, self.place.wire, self.transform, self._plain, self.compute)
        if self._network is self._raw or not (self._cache / "features" / key).is_dir():
            return
        whole = self._store(self._raw, self.place.wire)
        known = [row for row in dict.fromkeys(rows) if row in whole and row not in store]
        with store.writer() as writer:
            for start in range(0, len(known), _CHUNK):
                part = known[start : start + _CHUNK]
                writer.append(part, pooled(whole.gather(part)))

    def _fill(
        self, images: ImageSet, indices: Sequence[int], stop: Callable[[], bool]
    ) -> Iterator[ExtractionProgress]:
        store = self._store(self._network, self._wire)
        self._take_over([row_name(images.samples[i].digest, 0) for i in indices], store)
        evict(self._cache, [store.folder], max(0, len(indices) - len(store)) * store.row_bytes)
        jobs = [(i, (0,)) for i in indices]
        with deterministic(self.compute):
            yield from fill_features(
                self._network,
                images,
                jobs,
                {self._wire: store},
                self.transform,
                self._plain,
                self.compute,
                stop=stop,
            )
