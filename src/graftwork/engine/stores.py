"""What a run computes once and reads often: features at its cuts and decoded images; and the sources on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from graftwork.data import ImageSet
from graftwork.data import Split as SplitName
from graftwork.documents.events import Event, ExtractionProgress, Noted
from graftwork.documents.plan import Phase, Plan
from graftwork.engine.boundary import Boundary, find_boundary, set_trainable
from graftwork.engine.data_wires import DataWires
from graftwork.engine.evaluate import Split
from graftwork.engine.extract import Job, canvas_store, feature_stores, fill_canvases, fill_features
from graftwork.engine.prepare import Prepared
from graftwork.engine.shards import ShardStore, cache_limit_bytes, evict
from graftwork.engine.sources import FeatureSource, ImageSource, Source, row_name

__all__ = ["HELD_OUT", "Stores"]

HeldOut = Literal["validation", "test"]
HELD_OUT: tuple[HeldOut, ...] = ("validation", "test")


class Stores:
    """The stores of one run, and its sources of batches.

    Args:
        prepared: images, network, transform, augmentation.
        plan: what is stored; of the earlier sitting when a run is resumed.
        cache: folder that runs share.
        stop: asked between batches.
        scored: held-out splits that are to be scored; nothing is computed of others.
    """

    def __init__(
        self,
        prepared: Prepared,
        plan: Plan,
        cache: Path,
        stop: Callable[[], bool],
        scored: tuple[HeldOut, ...] = HELD_OUT,
    ) -> None:
        self._scored = scored
        self._prepared, self._plan, self._cache, self._stop = prepared, plan, cache, stop
        self._images = prepared.images
        self._target = prepared.target
        self._is_augmented = prepared.augmenter.kind != "none"
        self._features: dict[str, ShardStore] = {}  # by wire
        self._canvases: dict[bool, ShardStore] = {}
        self._known: dict[str, Boundary] = {}
        self._boundaries()
        self.hits = 0
        self.bytes = 0

    def fill(self) -> Iterator[Event]:
        """Compute what is not there yet; yields progress.

        Raises:
            RunInterrupted: the user stopped; what was computed is kept.
        """
        if self._plan.cache.is_used:
            yield from self._fill_features()
        if any(not phase.from_cache for phase in self._plan.phases):
            yield from self._fill_canvases()

    def _fill_features(self) -> Iterator[Event]:
        plan, prepared = self._plan, self._prepared
        prepared.network.eval()
        self._features = feature_stores(
            prepared.network,
            self.stored_wires(),
            self._cache / "features",
            prepared.transform,
            prepared.augmenter,
            plan.compute,
        )
        for store in self._features.values():
            self._make_room(store, plan.cache.rows)
        for images, jobs in ((self._images, self.jobs()), (self._target, self._target_jobs())):
            last: ExtractionProgress | None = None
            for last in self._fill_from(images, jobs) if images is not None else ():
                yield last
            self.hits += last.found if last else 0

    def _fill_from(self, images: ImageSet, jobs: list[Job]) -> Iterator[ExtractionProgress]:
        prepared = self._prepared
        return fill_features(
            prepared.network,
            images,
            jobs,
            self._features,
            prepared.transform,
            prepared.augmenter,
            self._plan.compute,
            stop=self._stop,
        )

    def stored_wires(self) -> tuple[str, ...]:
        """Return the wires of all stored boundaries."""
        stored = [b for b in self._boundaries().values() if b.name in self._plan.cache.cuts]
        return tuple(dict.fromkeys(wire for boundary in stored for wire in boundary.wires))

    def _boundaries(self) -> dict[str, Boundary]:
        """Return the boundary of each phase by its name; the network is left as it was given."""
        if not self._known:
            network, plan = self._prepared.network, self._plan
            for phase in plan.phases:
                set_trainable(network, phase.cuts, plan.batch_norm, with_rules=phase.name == "main")
                self._known[phase.boundary] = find_boundary(network)
        return self._known

    def _fill_canvases(self) -> Iterator[Event]:
        """Decode images once if the disk allows: plain ones, and wide ones to augment from."""
        splits: dict[bool, tuple[SplitName, ...]] = {False: ("train", *self._scored)}
        if self._is_augmented:
            splits = {False: self._scored, True: ("train",)}
        for wide, names in splits.items():
            indices = [i for name in names for i in self._images.of_split(name)]
            store = canvas_store(self._cache / "images", self._prepared.transform, wide=wide)
            rows = len(indices) + (len(self._target or ()) if wide == self._is_augmented else 0)
            if store.row_bytes * rows > cache_limit_bytes(self._cache) // 2:
                yield Noted(
                    level="info", message="Decoded images would pass the cache's limit: decoded anew."
                )
                continue
            self._make_room(store, rows)
            yield from fill_canvases(
                self._images, indices, store, self._prepared.transform, wide=wide, stop=self._stop
            )
            if self._target is not None and wide == self._is_augmented:
                every = range(len(self._target))
                yield from fill_canvases(
                    self._target, every, store, self._prepared.transform, wide=wide, stop=self._stop
                )
            self._canvases[wide] = store

    def _make_room(self, store: ShardStore, rows: int) -> None:
        used = [s.folder for s in (*self._features.values(), *self._canvases.values(), store)]
        evict(self._cache, used, max(0, rows - len(store)) * store.row_bytes)
        self.bytes += rows * store.row_bytes

    def _train_views(self) -> tuple[int, ...]:
        return tuple(range(1, self._plan.cache.views + 1)) if self._is_augmented else (0,)

    def jobs(self) -> list[Job]:
        """Return all images of the run, with the views of each that are stored."""
        train = [(i, self._train_views()) for i in self._images.of_split("train")]
        return [*train, *((i, (0,)) for name in self._scored for i in self._images.of_split(name))]

    def _target_jobs(self) -> list[Job]:
        return [(i, self._train_views()) for i in range(len(self._target or ()))]

    def target(self, phase: Phase) -> Source | None:
        """Return the inputs of the target for a phase that adapts to it; None for others."""
        if self._target is None or not phase.terms or self._prepared.network.crossing is None:
            return None
        everything = list(range(len(self._target)))
        if phase.from_cache:
            return self._stored(self._target, everything, self._train_views(), phase)
        return self._normalized(self._target, everything, is_augmented=self._is_augmented)

    def split(self, name: SplitName, phase: Phase) -> Split:
        """Return inputs and labels of a split for a phase."""
        weights = self._prepared.weights if name == "train" else None
        return Split(self.source(name, phase), self.data(name), weights)

    def data(self, name: SplitName) -> DataWires:
        """Return labels and further columns of a split."""
        wires = self._prepared.network.data_wires
        augmenter = self._prepared.augmenter if name == "train" else None
        return DataWires(
            self._images, self._images.of_split(name), wires, self._prepared.transform, augmenter
        )

    def source(self, name: SplitName, phase: Phase) -> Source:
        """Return the inputs of a split for a phase: stored features if it reads them, else images."""
        if not phase.from_cache:
            return self.images(name, is_augmented=name == "train" and self._is_augmented)
        views = self._train_views() if name == "train" else (0,)
        return self._stored(self._images, self._images.of_split(name), views, phase)

    def _stored(
        self, images: ImageSet, indices: Sequence[int], views: tuple[int, ...], phase: Phase
    ) -> FeatureSource:
        digests = [images.samples[i].digest for i in indices]
        rows = [[row_name(digest, view) for view in views] for digest in digests]
        wires = self._known[phase.boundary].wires
        return FeatureSource({w: self._features[w] for w in wires}, rows, self._plan.compute, views)

    def images(self, name: SplitName, *, is_augmented: bool) -> ImageSource:
        """Return the normalized images of a split."""
        return self._normalized(self._images, self._images.of_split(name), is_augmented=is_augmented)

    def _normalized(self, images: ImageSet, indices: Sequence[int], *, is_augmented: bool) -> ImageSource:
        return ImageSource(
            images,
            indices,
            self._prepared.transform,
            augmenter=self._prepared.augmenter if is_augmented else None,
            store=self._canvases.get(is_augmented),
            compute=self._plan.compute,
            wire=self._prepared.network.image_wire,
        )
