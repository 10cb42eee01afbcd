"""What a previewed node stands on, and keys that change exactly when its output can change."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graftwork.components.custom.own_modules import files_imported_by
from graftwork.documents.card import InputPort
from graftwork.documents.flow import Flow, Node
from graftwork.engine.input_port import choose_port
from graftwork.engine.node_building import NodeBuilder, base_id_of, input_wires
from graftwork.errors import FlowError, GraftworkError, UnknownName, did_you_mean
from graftwork.graph.bypass import passing_through, without_bypassed
from graftwork.graph.check import check
from graftwork.graph.contracts import BackboneSettings, ImagesSettings
from graftwork.graph.custom import CustomSettings, pixel_range
from graftwork.graph.ports import Wire
from graftwork.graph.topology import ancestors, sorted_nodes
from graftwork.graph.wires import face_of, infer_wires, parse_settings

__all__ = [
    "FileDigests",
    "NodeKeys",
    "base_key",
    "digest_of",
    "find_node",
    "images_port",
    "lone_range",
    "side_into",
    "upstream",
    "wires_of",
]

PortOf = Callable[[BackboneSettings, int | None], InputPort]


def digest_of(*content: Any) -> str:
    """Return a hex digest of what JSON can write."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def find_node(flow: Flow, node_id: str) -> Node:
    """Return a node.

    Raises:
        UnknownName: no such node; the hint guesses.
    """
    ids = [n.id for n in flow.nodes]
    if node_id not in ids:
        raise UnknownName(
            f"The flow '{flow.name}' has no node '{node_id}'.",
            hint=did_you_mean(node_id, ids) if ids else "It has no nodes yet.",
            node=node_id,
        )
    return flow.node(node_id)


def upstream(flow: Flow, node_id: str) -> Flow:
    """Return the flow of a node and of all that it stands on, without bypassed nodes.

    Of a bypassed node: of what it hands on, if anything comes in.
    """
    running, end = without_bypassed(flow), passing_through(flow, node_id)
    last = node_id if end is None else end.node
    kept = ancestors(running, last) | {last}
    return running.edit(
        nodes=tuple(n for n in running.nodes if n.id in kept),
        edges=tuple(e for e in running.edges if e.target.node in kept),
    )


def wires_of(sub: Flow) -> dict[str, Wire]:
    """Return the wires of what a node stands on; problems elsewhere in the flow do not matter.

    Raises:
        FlowError: something in it has problems; all are listed, and the first one's node is named.
    """
    sorted_nodes(sub)
    problems = [p for p in check(sub) if p.level == "error" and p.node is not None]
    wires: dict[str, Wire] = {}
    if not problems:
        wires, misfits = infer_wires(sub)
        problems = [p for p in misfits if p.level == "error"]
    if problems:
        raise FlowError(
            f"The preview has {len(problems)} problem{'s' * (len(problems) > 1)} in its way: "
            + " ".join(map(str, problems)),
            problems=problems,
            node=problems[0].node,
            hint=problems[0].hint,
        )
    return wires


class FileDigests:
    """SHA-256 of files, taken once as long as size and time of a file stay."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, path: Path) -> str:
        """Return the digest of a file, of the files in a folder, or 'absent'."""
        if path.is_dir():
            return digest_of([(p.name, self.of(p)) for p in sorted(path.iterdir()) if p.is_file()])
        try:
            found = path.stat()
            state = (str(path), found.st_size, found.st_mtime_ns)
            if state not in self._known:
                with path.open("rb") as file:
                    self._known[state] = hashlib.file_digest(file, "sha256").hexdigest()
            return self._known[state]
        except OSError:
            return "absent"

    def of_base(self, base_id: str, runs: Path) -> str | None:
        """Return the digest of the files that a base id names, None when it names none."""
        host, _, name = base_id.removeprefix("random:").partition(":")
        if host == "run":
            return self.of(runs / name / "weights.safetensors")
        for mark in ("?arch=", "@"):
            path = Path(name.rpartition(mark)[0] or name).expanduser()
            if path.exists():
                return self.of(path)
        return None


def base_key(settings: BackboneSettings, size: int | None, seed: int, files: FileDigests, runs: Path) -> str:
    """Return the key of an opened base: not of how it is to be trained."""
    base_id = base_id_of(settings)
    side = settings.image_size or size
    end = settings.last_stage or ("maps" if settings.num_skips else None)
    return digest_of("base", base_id, side, end, seed, files.of_base(base_id, runs))


def images_port(flow: Flow, source: Node, needed: Flow, port_of: PortOf) -> InputPort:
    """Return the images that the whole flow's network gets.

    Backbones that a preview does not need and that cannot be opened are left out.

    Args:
        flow: the whole flow.
        source: its images node.
        needed: the part that the preview needs.
        port_of: gives the port of a backbone's base from its settings and the side of the images.
    """
    settings = ImagesSettings.model_validate(source.settings)
    nodes = {n.id: n for n in flow.nodes}
    consumers, direct, wanted = [], [], {}
    for edge in flow.edges:
        node = nodes.get(edge.target.node)
        if str(edge.source) != f"{source.id}.image" or node is None:
            continue
        if node.component == "backbone":
            try:
                own = BackboneSettings.model_validate(node.settings)
                wanted[node.id] = port_of(own, settings.size)
            except (GraftworkError, ValidationError):
                if any(n.id == node.id for n in needed.nodes):
                    raise
                continue
            direct.append((node.id, own))
        consumers.append(node.id)
    return choose_port(settings, consumers, direct, wanted)


class NodeKeys:
    """A key for each node that changes when its output on the same samples can change.

    It stands on component, settings, all upstream, seed, number of classes, images and contents of files. How
    a base is to be trained (strategy, cut, freezing) is no part of it, since it does not change what it gives.

    Args:
        builder: of the whole flow.
        files: digests of files.
        sub: the node that is shown and what it stands on.
        wires: of that part.
        ground: what all outputs stand on: samples, weights, number format.
        by_name: whether weights belong to nodes by their ids, as those of a run do: two nodes that are alike then
            give different outputs.
    """

    def __init__(
        self,
        builder: NodeBuilder,
        files: FileDigests,
        sub: Flow,
        wires: Mapping[str, Wire],
        ground: str,
        *,
        by_name: bool,
    ) -> None:
        self._builder, self._files, self._ground = builder, files, ground
        self._wires, self._by_name = wires, by_name
        self._keys: dict[str, str] = {}
        for node_id in sorted_nodes(sub):
            self._keys[node_id] = self._make(sub.node(node_id))

    def output(self, node_id: str) -> str:
        """Return the key of a node's outputs on the samples."""
        return digest_of("output", self._keys[node_id], self._ground)

    def module(self, node_id: str, weights: str) -> str:
        """Return the key of a built node: its name and the names of its wires are a part of it."""
        flow = self._builder.flow
        return digest_of(
            "module", node_id, self._keys[node_id], input_wires(flow, flow.node(node_id)), weights
        )

    def _make(self, node: Node) -> str:
        flow, builder = self._builder.flow, self._builder
        face = face_of(node)
        if face.contract.group == "data":
            return digest_of("data", node.id, builder.port.model_dump(mode="json"))
        inputs = {
            port: [self._keys[wire.partition(".")[0]], wire.partition(".")[2]]
            for port, wire in input_wires(flow, node).items()
        }
        own: list[Any] = [node.component, inputs, builder.seed_of(node), builder.num_outputs(node.id)]
        if node.component == "backbone":
            settings = BackboneSettings.model_validate(node.settings)
            size = side_into(self._builder.flow, node, self._wires)
            own = [inputs, base_key(settings, size, flow.recipe.seed, self._files, builder.workspace.runs)]
        elif face.contract.group == "custom":
            own += [
                node.id,
                self._custom(CustomSettings.model_validate(node.settings)),
                builder.is_lone_custom(node.id),
            ]
        else:
            own.append(parse_settings(node, face.contract).model_dump(mode="json"))
        return digest_of(own, node.id if self._by_name else None)

    def _custom(self, settings: CustomSettings) -> list[Any]:
        root = self._builder.workspace.root or Path.cwd()
        named = [settings.file, settings.weights]
        contents = [
            None if name is None else self._files.of(root / Path(name).expanduser()) for name in named
        ]
        text = settings.code
        if settings.file is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = (root / Path(settings.file).expanduser()).read_text(encoding="utf-8")
        contents += [self._files.of(path) for path in files_imported_by(text, root)]
        plain = settings.model_dump(mode="json", exclude={"time_limit", "memory_limit", "freeze", "unfreeze"})
        return [plain, contents]


def side_into(flow: Flow, node: Node, wires: Mapping[str, Wire]) -> int | None:
    """Return the side of the images that reach a backbone, where it is known."""
    wire = wires.get(next(iter(input_wires(flow, node).values()), ""))
    side = wire.shape[-1] if wire is not None else None
    return side if isinstance(side, int) else None


def lone_range(flow: Flow, image_wire: str, root: Path) -> tuple[float, float] | None:
    """Return the range of pixels that the data gives, when custom code alone reads the images."""
    readers = [e.target.node for e in flow.edges if str(e.source) == image_wire]
    node = next((n for n in flow.of_component("custom") if [n.id] == readers), None)
    if node is None:
        return None
    try:
        settings = CustomSettings.model_validate(node.settings)
        text = None if settings.file is None else (root / settings.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
    return pixel_range(settings, text)
