"""Where a preview computes: walks back from a node to what is known, then forward through what is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from graftwork.bases import Base
from graftwork.components.custom.build import Custom
from graftwork.data import ImageSet, Transform
from graftwork.documents.card import InputPort
from graftwork.documents.flow import Flow, Node
from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast
from graftwork.engine.data_wires import DataWires
from graftwork.engine.network import Step
from graftwork.engine.node_building import NodeBuilder, NodeParts, input_wires, open_backbone, try_step
from graftwork.engine.preview.memory import Memory, OutputFiles, plain_copy, size_of
from graftwork.engine.preview.scope import FileDigests, NodeKeys, base_key, side_into
from graftwork.engine.preview.weights import RunWeights, fill
from graftwork.engine.sources import ImageSource
from graftwork.engine.workspace import Workspace
from graftwork.errors import RunInterrupted
from graftwork.graph.contracts import BackboneSettings
from graftwork.graph.ports import Wire
from graftwork.graph.topology import sorted_nodes
from graftwork.graph.wires import face_of

__all__ = ["Bases", "Bench"]


class Bases:
    """Opened bases by what they are, not by how they are to be trained.

    Args:
        memory: where they are kept.
        outputs: where their input ports are stored, so that a base need not be opened for it.
        files: digests of files.
        workspace: where runs are.
    """

    def __init__(
        self, memory: Memory, outputs: OutputFiles, files: FileDigests, workspace: Workspace
    ) -> None:
        self.memory, self.outputs, self._files, self._workspace = memory, outputs, files, workspace
        self._ports: dict[str, InputPort] = {}

    def port(
        self, settings: BackboneSettings, size: int | None, seed: int, run: RunWeights | None
    ) -> InputPort:
        """Return the images that a base wants."""
        key = base_key(settings, size, seed, self._files, self._workspace.runs)
        if key not in self._ports:
            port = self.outputs.read_port(key)
            if port is None:
                port = self.open(settings, size, seed, run, owner="").card.port
                self.outputs.write_port(key, port)
            self._ports[key] = port
        return self._ports[key]

    def open(
        self, settings: BackboneSettings, size: int | None, seed: int, run: RunWeights | None, *, owner: str
    ) -> Base:
        """Return a base; two nodes share one only while both hold the weights it came with.

        Args:
            settings: of the backbone.
            size: side of the images that come in, where it is known.
            seed: of the flow.
            run: whose weights are to be put in, by the caller.
            owner: node that may change its weights; nothing for its card alone.
        """
        key = base_key(settings, size, seed, self._files, self._workspace.runs)
        name = f"base:{key}" if run is None or not owner else f"base:{key}:{run.digest}:{owner}"
        base = self.memory.get(name)
        if base is None:
            weights = run is None or not owner
            base = open_backbone(settings, size, self._workspace, seed=seed, weights=weights)
            self.memory.put(name, base, size_of(base.module))
        return cast(Base, base)


class Bench:
    """Computes nodes of one flow on some samples.

    Args:
        builder: of the whole flow.
        sub: the node and what it stands on.
        wires: inferred wires of that part.
        keys: of its nodes.
        bases: opened bases.
        images: the data.
        positions: the samples.
        run: whose weights are put in.
        compute: number format and device.
    """

    def __init__(
        self,
        builder: NodeBuilder,
        sub: Flow,
        wires: Mapping[str, Wire],
        keys: NodeKeys,
        bases: Bases,
        images: ImageSet,
        positions: Sequence[int],
        run: RunWeights | None,
        compute: ComputePlan,
    ) -> None:
        self.builder, self.flow, self.sub, self.wires, self.keys = builder, builder.flow, sub, wires, keys
        self.bases, self.images, self.positions, self.run, self.compute = (
            bases,
            images,
            list(positions),
            run,
            compute,
        )
        self.stop: Callable[[], bool] = lambda: False
        self.computed: list[str] = []
        self._values: dict[str, Tensor] = {}

    def inputs_of(self, node: Node) -> list[Tensor]:
        """Return the values at the inputs of a node, in the order of its contract."""
        wires = list(input_wires(self.flow, node).values())
        self._compute(wires)
        return [self._values[w] for w in wires]

    def value(self, wire: str) -> Tensor:
        """Return the value at a wire of this part of the flow."""
        self._compute([wire])
        return self._values[wire]

    def stages_of(self, node: Node) -> tuple[str, ...]:
        """Return the stages of the base in a node, none without a base."""
        if face_of(node).contract.group not in ("base", "custom"):
            return ()
        placed = self.parts(node).placed
        return () if placed is None else placed.base.stage_names()

    def value_after(self, node: Node, stage: str) -> Tensor:
        """Return the value (b, …) after one stage of the base in a node, computed only as far as it."""
        key = f"{self.keys.output(node.id)}:{stage}"
        found = self.bases.memory.get(key)
        if found is None:
            parts = self.parts(node)
            last = 1 + next(
                i
                for i, s in enumerate(parts.steps)
                if s.role == "base" and s.name.rpartition("/")[2] == stage
            )
            values = self._pass(node, parts.steps[:last])
            found = plain_copy({stage: values[parts.steps[last - 1].outputs[0]]})
            self.bases.memory.put(key, found, size_of(found))
            self.computed.append(node.id)
        return cast(Tensor, found[stage])

    def labels(self) -> Tensor | None:
        """Return the labels of the samples from the data: (b,), (b, k); None of masks and numbers."""
        if self.images.label_kind not in ("category", "tags"):
            return None
        return torch.from_numpy(self.images.labels(self.positions))

    def custom(self, node: Node) -> Custom | None:
        """Return the user's code of a custom node, built."""
        return self.parts(node).custom

    def _compute(self, wires: Sequence[str]) -> None:
        """Bring the values of ``wires`` in, from memory, from files, or computed."""
        needed: set[str] = set()
        stack = [w for w in wires if w not in self._values]
        while stack:
            wire = stack.pop()
            node_id = wire.partition(".")[0]
            if wire in self._values or node_id in needed:
                continue
            node = self.flow.node(node_id)
            if face_of(node).contract.group == "data":
                self._values[wire] = self._data(node_id, wire.partition(".")[2])
            elif not self._recall(node_id):
                needed.add(node_id)
                stack += input_wires(self.flow, node).values()
        for node_id in sorted_nodes(self.sub):
            if node_id in needed:
                self._run(self.flow.node(node_id))

    def _recall(self, node_id: str) -> bool:
        """Bring the outputs of a node in, if they are kept."""
        key = self.keys.output(node_id)
        found: dict[str, Tensor] | None = self.bases.memory.get(key)
        if found is None and self._is_stored(node_id):
            stored = self.bases.outputs.read(key)
            ports = {p.name for p in face_of(self.flow.node(node_id)).outputs}
            if stored is not None and set(stored) == ports:
                found = {port: t.to(self.compute.device) for port, t in stored.items()}
                self.bases.memory.put(key, found, size_of(found))
        if found is None:
            return False
        self._values.update({f"{node_id}.{port}": t for port, t in found.items()})
        return True

    def _is_stored(self, node_id: str) -> bool:
        """Whether a node's outputs are worth a file: those of bases and of the user's code are."""
        return face_of(self.flow.node(node_id)).contract.group in ("base", "custom")

    def _data(self, node_id: str, port: str) -> Tensor:
        key = f"{self.keys.output(node_id)}:{port}"
        found = self.bases.memory.get(key)
        if found is None:
            value = self._read_data(node_id, port)
            found = {port: value}
            self.bases.memory.put(key, found, size_of(found))
            self.computed.append(node_id)
        return cast(Tensor, found[port])

    def _read_data(self, node_id: str, port: str) -> Tensor:
        transform = Transform.for_port(self.builder.port)
        every = np.arange(len(self.positions), dtype=np.int64)
        wire = f"{node_id}.{port}"
        if port == "image":
            source = ImageSource(
                self.images,
                self.positions,
                transform,
                augmenter=None,
                store=None,
                compute=self.compute,
                wire=wire,
            )
            return source.batch(every, 0)[wire]
        data = DataWires(self.images, self.positions, [wire], transform)
        return data.batch(every, self.compute.device)[wire]

    def _run(self, node: Node) -> None:
        values = self._pass(node, self.parts(node).steps)
        ports = [p.name for p in face_of(node).outputs]
        outputs = plain_copy({port: values[f"{node.id}.{port}"] for port in ports})
        key = self.keys.output(node.id)
        self.bases.memory.put(key, outputs, size_of(outputs))
        if self._is_stored(node.id):
            self.bases.outputs.write(key, outputs)
        self._values.update({f"{node.id}.{port}": t for port, t in outputs.items()})
        self.computed.append(node.id)

    def _pass(self, node: Node, steps: Sequence[Step]) -> dict[str, Tensor]:
        """Return what a node's steps give, by wire."""
        inputs = list(input_wires(self.flow, node).values())
        self._compute(inputs)
        values = {wire: self._values[wire] for wire in inputs}
        torch.manual_seed(self.builder.seed_of(node))  # for code of the user that draws
        with autocast(self.compute):
            for step in steps:
                self._check_stop()
                values.update(try_step(step, values))
        return values

    def parts(self, node: Node) -> NodeParts:
        """Return a node, built: the one that is kept, or a new one on the shapes that come in."""
        key = self.keys.module(node.id, "" if self.run is None else self.run.digest)
        parts = self.bases.memory.get(key)
        if parts is None:
            inputs = list(input_wires(self.flow, node).values())
            shapes = {wire: tuple(self.value(wire).shape) for wire in inputs}
            parts = self._build(node, shapes)
            # A base is counted here and where it is kept by itself: either keeps it in memory.
            self.bases.memory.put(key, parts, sum(size_of(s.module) for s in parts.steps))
        return cast(NodeParts, parts)

    def _build(self, node: Node, shapes: Mapping[str, tuple[int, ...]]) -> NodeParts:
        base = None
        if node.component == "backbone":
            settings = BackboneSettings.model_validate(node.settings)
            side = side_into(self.flow, node, self.wires)
            base = self.bases.open(settings, side, self.flow.recipe.seed, self.run, owner=node.id)
        parts = self.builder.build(node, shapes, base)
        if self.run is not None:
            fill(parts, node, self.sub, self.run)
        for step in parts.steps:
            step.module.to(self.compute.device).eval()
        return parts

    def _check_stop(self) -> None:
        if self.stop():
            raise RunInterrupted("The preview was stopped.", hint="Ask for it again when it is wanted.")
