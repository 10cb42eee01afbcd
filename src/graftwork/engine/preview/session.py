"""Any node's output on a few samples, computed only as far as that node, and only what changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from graftwork.bases import Base
from graftwork.data import ImageSet, Split, Transform
from graftwork.documents.card import InputPort
from graftwork.documents.flow import Endpoint, Flow, Node
from graftwork.documents.plan import ComputePlan
from graftwork.documents.preview import PreviewDocument
from graftwork.engine.build import data_node
from graftwork.engine.compute import default_device, deterministic
from graftwork.engine.folder import WEIGHTS
from graftwork.engine.node_building import NodeBuilder, NodeParts
from graftwork.engine.prepare import open_data
from graftwork.engine.preview.bench import Bases, Bench
from graftwork.engine.preview.describe import Shown, describe
from graftwork.engine.preview.memory import Memory, OutputFiles
from graftwork.engine.preview.pictures import png
from graftwork.engine.preview.samples import choose_samples, samples_digest, source_state
from graftwork.engine.preview.scope import (
    FileDigests,
    NodeKeys,
    digest_of,
    find_node,
    images_port,
    lone_range,
    side_into,
    upstream,
    wires_of,
)
from graftwork.engine.preview.views import ChannelOrder
from graftwork.engine.preview.weights import RunWeights, open_run
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError, UnknownName, did_you_mean
from graftwork.graph.bypass import passing_output, passing_through, without_bypassed
from graftwork.graph.contracts import BackboneSettings, ImagesSettings
from graftwork.graph.wires import face_of

__all__ = ["Preview", "PreviewSession"]

Stop = Callable[[], bool]
_MEMORY_BYTES = 1024 * 2**20
_NUM_SAMPLES = 4


@dataclass(frozen=True)
class Preview:
    """A node's output on a few samples.

    Args:
        document: what is to be said about it; views name their pictures.
        pictures: uint8 RGB (h, w, 3) by name, each pixel one value.
    """

    document: PreviewDocument
    pictures: Mapping[str, NDArray[np.uint8]]

    def png(self, name: str) -> bytes:
        """Return a picture as a PNG file, small ones enlarged."""
        return png(self.pictures[name])


class PreviewSession:
    """Previews of flows that are being edited; what an edit leaves alone is not computed again.

    Kept, within a limit of memory: opened images by their settings, bases and built nodes, outputs of nodes on
    samples. Calls from several threads wait for each other.

    Args:
        workspace: the project's folders.
        memory_bytes: what modules and outputs together may hold.
        keep_files: whether outputs of bases are stored in the cache folder too, for the next session.
    """

    def __init__(
        self, workspace: Workspace, *, memory_bytes: int = _MEMORY_BYTES, keep_files: bool = True
    ) -> None:
        self.workspace = workspace
        self.memory = Memory(memory_bytes)
        self._files = FileDigests()
        self._outputs = OutputFiles(workspace.cache if keep_files else None)
        self._bases = Bases(self.memory, self._outputs, self._files, workspace)
        self._images: dict[str, ImageSet] = {}
        self._runs: dict[str, RunWeights] = {}
        self._lock = threading.Lock()

    def preview(
        self,
        flow: Flow,
        node: str,
        *,
        samples: Sequence[str | int] | None = None,
        number: int = _NUM_SAMPLES,
        split: Split | None = None,
        run: Path | None = None,
        port: str | None = None,
        channel: int | None = None,
        order: ChannelOrder = "activity",
        stop: Stop | None = None,
    ) -> Preview:
        """Return what a node gives on a few samples.

        Args:
            flow: may have problems that the node does not stand on.
            node: id of the node; of a bypassed one, what it hands on is shown.
            samples: keys of samples, or their positions; None takes a handful, spread over the classes.
            number: how many are taken.
            split: that they are taken from; None: validation images if there are any.
            run: folder of the run whose weights are put in; None: first weights of new parts, pretrained
                ones of bases.
            port: output to show, or a stage of the base in the node; None: the first output.
            channel: of maps, the only one to show.
            order: of maps with more than 16 channels, which ones are shown.
            stop: asked between the steps; true ends the preview.

        Raises:
            UnknownName: no such node, port or sample; the hint guesses.
            FlowError: problems in what the node stands on; all are listed.
            WeightsMismatch: the run's weights do not fit a node any more.
            RunInterrupted: ``stop`` said so.
        """
        start = time.perf_counter()
        asked, bypassed = find_node(flow, node), passing_through(flow, node)
        if bypassed is not None:
            _refuse_port(asked, port)
            port = bypassed.port
        with self._lock:
            target = self._target(flow, asked, bypassed)
            bench, images, positions = self._set_up(flow, target, samples, number, split, run)
            bench.stop = stop or _never
            shown = self._shown(bench, target, port)
            document, pictures = describe(shown, bench, images, positions, channel=channel, order=order)
        if bypassed is not None:
            document = _as_bypassed(document, asked, bypassed)
        seconds = time.perf_counter() - start
        return Preview(document.edit(seconds=round(seconds, 4)), pictures)

    def parts_of(self, flow: Flow, node: str, *, stop: Stop | None = None) -> NodeParts:
        """Return a node as the flow builds it, neither data nor objective; what is kept is not built again.

        Raises:
            UnknownName: no such node.
            FlowError: problems in what the node stands on.
            RunInterrupted: ``stop`` said so.
        """
        with self._lock:
            target = find_node(flow, node)
            bench, _, _ = self._set_up(flow, target, None, _NUM_SAMPLES, None, None)
            bench.stop = stop or _never
            with _computing(bench):
                return bench.parts(target)

    def open_base(self, settings: BackboneSettings, side: int | None, seed: int) -> Base:
        """Return an opened base, or the one that is kept.

        Args:
            settings: of a backbone.
            side: of the images that come in, where it is known.
            seed: of the flow.

        Raises:
            BaseNotUsable: it does not open.
        """
        with self._lock:
            return self._bases.open(settings, side, seed, None, owner="")

    def base_of(self, flow: Flow, node: Node) -> Base:
        """Return the base of a backbone node; the data is not needed for it.

        Raises:
            FlowError: problems in what the node stands on.
            BaseNotUsable: it does not open.
        """
        side = side_into(flow, node, wires_of(upstream(flow, node.id)))
        return self.open_base(BackboneSettings.model_validate(node.settings), side, flow.recipe.seed)

    def _target(self, flow: Flow, asked: Node, bypassed: Endpoint | None) -> Node:
        """Return the node that is computed."""
        if bypassed is not None:
            return find_node(without_bypassed(flow), bypassed.node)
        if asked.is_bypassed and asked not in without_bypassed(flow).nodes:
            raise FlowError(
                f"Node '{asked.id}' is bypassed, and nothing comes in that it could hand on.",
                hint="Connect its input, or take the bypass off.",
                node=asked.id,
            )
        return asked

    def _set_up(
        self,
        flow: Flow,
        target: Node,
        samples: Sequence[str | int] | None,
        number: int,
        split: Split | None,
        run: Path | None,
    ) -> tuple[Bench, ImageSet, list[int]]:
        """Return the place where the node is computed, the images, and the positions of the samples."""
        flow = without_bypassed(flow)
        sub = upstream(flow, target.id)
        wires = wires_of(sub)
        source = data_node(sub)
        images = self._open_images(ImagesSettings.model_validate(source.settings), flow.recipe.seed)
        positions = choose_samples(images, samples, split, number)
        weights = None if run is None else self._open_run(run)
        compute = _compute(weights)
        seed, root = flow.recipe.seed, self.workspace.root or Path()
        image_wire = f"{source.id}.image"

        def port_of(settings: BackboneSettings, size: int | None) -> InputPort:
            return self._bases.port(settings, size, seed, weights)

        port = images_port(flow, source, sub, port_of)
        if (values := lone_range(flow, image_wire, root)) is not None:
            port = port.edit(value_range=values)
        num_classes = images.num_targets if weights is None else weights.num_classes
        builder = NodeBuilder(
            flow, num_classes, self.workspace, image_wire=image_wire, port=port, wires=wires
        )
        ground = digest_of(
            samples_digest(images, positions),
            Transform.for_port(port).digest(),
            None if weights is None else weights.digest,
            compute.model_dump(mode="json", include={"device", "precision", "memory_format"}),
            torch.__version__,
        )
        keys = NodeKeys(builder, self._files, sub, wires, ground, by_name=weights is not None)
        bench = Bench(builder, sub, wires, keys, self._bases, images, positions, weights, compute)
        return bench, images, positions

    def _shown(self, bench: Bench, target: Node, port: str | None) -> Shown:
        """Compute the node and return what is to be shown of it."""
        face = face_of(target)
        with _computing(bench):
            if face.contract.group == "objective":
                if port is not None:
                    raise UnknownName(
                        f"Node '{target.id}' has no outputs.", hint="Leave the port out.", node=target.id
                    )
                return Shown(target, None, bench.inputs_of(target))
            names = [p.name for p in face.outputs]
            name = port or names[0]
            if name in names:
                return Shown(target, name, [bench.value(f"{target.id}.{name}")])
            stages = bench.stages_of(target)
            if name in stages:
                return Shown(target, name, [bench.value_after(target, name)])
            what = "output or stage" if stages else "output"
            hint = did_you_mean(name, [*names, *stages])
            raise UnknownName(f"Node '{target.id}' has no {what} '{name}'.", hint=hint, node=target.id)

    def _open_images(self, settings: ImagesSettings, seed: int) -> ImageSet:
        plain = settings.model_dump(mode="json", exclude={"size"})
        key = digest_of(plain, seed, source_state(settings.source))
        if key not in self._images:
            if len(self._images) >= 8:
                del self._images[next(iter(self._images))]
            self._images[key] = open_data(settings, seed, self.workspace, need_all_classes=False)
        return self._images[key]

    def _open_run(self, folder: Path) -> RunWeights:
        key = f"{folder}:{self._files.of(folder / WEIGHTS)}"
        if key not in self._runs:
            if len(self._runs) >= 2:
                del self._runs[next(iter(self._runs))]
            self._runs[key] = open_run(folder, self._files.of)
        return self._runs[key]


def _refuse_port(node: Node, port: str | None) -> None:
    """A bypassed node has its first output alone."""
    name = passing_output(node)
    if port is not None and port != name:
        raise UnknownName(
            f"Node '{node.id}' is bypassed and gives nothing at '{port}'.",
            hint=f"What comes in goes on at '{name}'.",
            node=node.id,
        )


def _as_bypassed(document: PreviewDocument, node: Node, source: Endpoint) -> PreviewDocument:
    """Return what passes through a bypassed node as its own preview."""
    name = passing_output(node)
    note = f"The node is bypassed: this is what comes from '{source}'."
    return document.edit(
        node=node.id, component=node.component, port=name, ports=(name,), notes=(*document.notes, note)
    )


@contextmanager
def _computing(bench: Bench) -> Iterator[None]:
    """Compute deterministically, without slopes, and leave the caller's random state alone."""
    with deterministic(bench.compute), torch.random.fork_rng(devices=[]), torch.no_grad():
        yield


def _never() -> bool:
    return False


def _compute(weights: RunWeights | None) -> ComputePlan:
    """Return how the run computes, on this machine's device; plainly without a run."""
    device = default_device()
    if weights is not None:
        return weights.compute.edit(device=device)
    return ComputePlan(
        device=device, precision="float32", memory_format="contiguous", num_threads=torch.get_num_threads()
    )
