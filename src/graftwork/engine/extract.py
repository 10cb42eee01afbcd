"""One pass of the frozen stages over the images; its outputs are stored and never computed again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.data import ImageSet, Transform, stream_canvases
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.plan import ComputePlan
from graftwork.engine.boundary import wire_key
from graftwork.engine.compute import autocast, place
from graftwork.engine.network import Network
from graftwork.engine.shards import ShardStore
from graftwork.engine.sources import Augmenter, row_name
from graftwork.errors import RunInterrupted

__all__ = [
    "VIEWS_AT_ONCE",
    "canvas_store",
    "feature_key",
    "feature_stores",
    "fill_canvases",
    "fill_features",
    "pass_views",
    "pooled",
]

VIEWS_AT_ONCE = 32
_REPORT_SECONDS = 0.25

Job = tuple[int, tuple[int, ...]]  # index of an image, its views


def pooled(values: Tensor) -> Tensor:
    """Return one row for each image: the mean in float32 over the places of (b, c, h, w) or tokens of (b, t, d).

    Values that have no places, (b, d), stay as they are.
    """
    if values.ndim <= 2:
        return values
    if values.ndim == 3:
        return values.mean(dim=1, dtype=torch.float32)
    return values.mean(dim=tuple(range(2, values.ndim)), dtype=torch.float32)


def feature_key(
    network: Network,
    wire: str,
    transform: Transform,
    augmenter: Augmenter,
    compute: ComputePlan,
    *,
    is_pooled: bool = False,
    digests: dict[str, str] | None = None,
) -> str:
    """Return the name of a cache entry: another weight, step, transform or number format is another entry.

    The image's bytes and the view are the row's name inside the entry.

    Args:
        network: as it is now.
        wire: whose values are stored.
        transform, augmenter, compute: what comes in, and how it is computed.
        is_pooled: whether means over places are stored, not the values.
        digests: as ``wire_key`` takes them.
    """
    facts: dict[str, object] = {
        "value": wire_key(network, wire, digests),
        "transform": transform.digest(),
        "augment": None if augmenter.kind == "none" else [augmenter.kind, augmenter.seed],
        "precision": compute.precision,
        "device": compute.device,
    }
    if is_pooled:
        facts["form"] = "mean over places"
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def feature_stores(
    network: Network,
    wires: Sequence[str],
    folder: Path,
    transform: Transform,
    augmenter: Augmenter,
    compute: ComputePlan,
    *,
    pooled_wires: Collection[str] = (),
) -> dict[str, ShardStore]:
    """Return the open store of each wire; shapes and number formats come from a pass over one blank image.

    Of ``pooled_wires`` the means over places are stored. One whose values have no places shares the entry of
    its values, which training on it reads and writes too.
    """
    shape = (1, *transform.size, 3)
    before = network.base_images
    with torch.inference_mode(), autocast(compute):
        blank = place(transform.normalize(torch.zeros(shape, dtype=torch.uint8)), compute)
        outputs = network.run({network.image_wire: blank}, [*wires, *pooled_wires])
    network.base_images = before
    stores = {}
    digests: dict[str, str] = {}
    for wire, output in outputs.items():
        has_places = wire in pooled_wires and output.ndim > 2
        output = pooled(output) if has_places else output
        key = feature_key(network, wire, transform, augmenter, compute, is_pooled=has_places, digests=digests)
        dtype = str(output.dtype).removeprefix("torch.")
        stores[wire] = ShardStore(folder / key, output.shape[1:], dtype)
    return stores


def canvas_store(folder: Path, transform: Transform, *, wide: bool) -> ShardStore:
    """Return the open store of decoded images."""
    size = transform.wide_size if wide else transform.size
    key = hashlib.sha256(f"{transform.digest()}|{wide}".encode()).hexdigest()[:32]
    return ShardStore(folder / key, (*size, 3), "uint8")


def fill_features(
    network: Network,
    images: ImageSet,
    jobs: Sequence[Job],
    stores: Mapping[str, ShardStore],
    transform: Transform,
    augmenter: Augmenter,
    compute: ComputePlan,
    *,
    stop: Callable[[], bool],
    pooled_wires: Collection[str] = (),
) -> Iterator[ExtractionProgress]:
    """Compute and store what the stores lack; all wires in one pass.

    Args:
        network: in inference mode up to the wires.
        images: the image set.
        jobs: images and which of their views are wanted.
        stores: by wire.
        stop: asked between batches; what is computed by then is kept.
        pooled_wires: those of which means over places are stored.

    Yields:
        Progress; the last one tells the totals. ``done`` counts views computed now.

    Raises:
        RunInterrupted: ``stop`` said so.
    """
    missing, found = _missing(images, jobs, stores)
    total = sum(len(views) for _, views in missing)
    clock = _Clock(total, found)
    yield clock.report(0)
    with ExitStack() as stack:
        writers = {wire: stack.enter_context(store.writer()) for wire, store in stores.items()}
        for rows, views in _view_batches(images, missing, transform, augmenter):
            if stop():
                raise RunInterrupted("Stopped while the base looked at the images; what it saw is kept.")
            outputs = pass_views(network, views, list(stores), pooled_wires, transform, compute)
            for wire, writer in writers.items():
                _append_new(writer.store, writer.append, rows, outputs[wire])
            if clock.add(len(rows)):
                yield clock.report(clock.done)
    if total:
        yield clock.report(total)


def _append_new(
    store: ShardStore, append: Callable[[Sequence[str], Tensor], None], rows: Sequence[str], values: Tensor
) -> None:
    new = [i for i, row in enumerate(rows) if row not in store]
    if new:
        append([rows[i] for i in new], values[new])


def pass_views(
    network: Network,
    views: NDArray[np.uint8],
    wires: Sequence[str],
    pooled_wires: Collection[str],
    transform: Transform,
    compute: ComputePlan,
) -> dict[str, Tensor]:
    """Return what views give at wires, as it is stored: a row does not depend on how many come together.

    Args:
        network: in inference mode up to the wires.
        views: (n, h, w, 3) of the network's size, at most ``VIEWS_AT_ONCE``.
        wires: whose values are wanted.
        pooled_wires: those of which means over places are wanted.
        transform, compute: what comes in, and how it is computed.
    """
    # Always a whole batch: kernels may round differently for another batch size, and a row must not
    # depend on how many others were still missing when a killed run went on.
    count = len(views)
    whole = np.concatenate([views, np.zeros((VIEWS_AT_ONCE - count, *views.shape[1:]), dtype=np.uint8)])
    with torch.inference_mode(), autocast(compute):
        batch = place(transform.normalize(torch.from_numpy(whole)), compute)
        before = network.base_images
        taps = {wire: pooled for wire in wires if wire in pooled_wires}
        outputs = network.run({network.image_wire: batch}, [w for w in wires if w not in taps], taps)
        network.base_images = min(network.base_images, before + count)  # padding does not count
        return {wire: output[:count] for wire, output in outputs.items()}


def _missing(
    images: ImageSet, jobs: Sequence[Job], stores: Mapping[str, ShardStore]
) -> tuple[list[Job], int]:
    """Return the jobs that at least one store lacks, each image's bytes once, and how many rows are there."""
    missing: list[Job] = []
    seen: set[str] = set()
    found = 0
    for index, views in jobs:
        digest = images.samples[index].digest
        wanted = []
        for view in views:
            row = row_name(digest, view)
            if row in seen or all(row in store for store in stores.values()):
                found += 1
            else:
                wanted.append(view)
                seen.add(row)
        if wanted:
            missing.append((index, tuple(wanted)))
    return missing, found


def _view_batches(
    images: ImageSet, jobs: Sequence[Job], transform: Transform, augmenter: Augmenter
) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
    rows: list[str] = []
    views: list[NDArray[np.uint8]] = []
    for row, view in _views(images, jobs, transform, augmenter):
        rows.append(row)
        views.append(view)
        if len(rows) == VIEWS_AT_ONCE:
            yield rows, np.stack(views)
            rows, views = [], []
    if rows:
        yield rows, np.stack(views)


def _views(
    images: ImageSet, jobs: Sequence[Job], transform: Transform, augmenter: Augmenter
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield each wanted view; an image is decoded once for all its augmented views."""
    plain = [index for index, views in jobs if 0 in views]
    for index, canvas in zip(plain, stream_canvases(images, plain, transform), strict=True):
        yield row_name(images.samples[index].digest, 0), canvas
    changed = [(index, tuple(v for v in views if v)) for index, views in jobs if any(views)]
    indices = [index for index, _ in changed]
    wide = stream_canvases(images, indices, transform, wide=True)
    for (index, views), canvas in zip(changed, wide, strict=True):
        digest = images.samples[index].digest
        for view in views:
            yield row_name(digest, view), augmenter(canvas, digest, view)


def fill_canvases(
    images: ImageSet,
    indices: Sequence[int],
    store: ShardStore,
    transform: Transform,
    *,
    wide: bool,
    stop: Callable[[], bool],
) -> Iterator[ExtractionProgress]:
    """Decode and store the images that the store lacks; see ``fill_features``."""
    missing, found = _missing(images, [(i, (0,)) for i in indices], {"": store})
    wanted = [index for index, _ in missing]
    clock = _Clock(len(wanted), found)
    yield clock.report(0)
    with store.writer() as writer:
        for index, canvas in zip(wanted, stream_canvases(images, wanted, transform, wide=wide), strict=True):
            if stop():
                raise RunInterrupted("Stopped while images were decoded; what was decoded is kept.")
            writer.append([row_name(images.samples[index].digest, 0)], torch.tensor(canvas[None]))
            if clock.add(1):
                yield clock.report(clock.done)
    if wanted:
        yield clock.report(len(wanted))


class _Clock:
    """Counts what is done and says when it is time for a report."""

    def __init__(self, total: int, found: int) -> None:
        self.total, self.found, self.done = total, found, 0
        self._start = self._last = time.perf_counter()

    def add(self, count: int) -> bool:
        self.done += count
        now = time.perf_counter()
        # The last report is the caller's: it comes once all is written.
        due = now - self._last >= _REPORT_SECONDS and self.done < self.total
        if due:
            self._last = now
        return due

    def report(self, done: int) -> ExtractionProgress:
        rate = done / max(1e-9, time.perf_counter() - self._start)
        return ExtractionProgress(done=done, total=self.total, found=self.found, images_per_second=rate)
