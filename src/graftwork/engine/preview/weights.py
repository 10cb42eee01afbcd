"""The weights of a run, put into nodes that are previewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from graftwork.bases.low_rank import is_low_rank_name, merged_tensors
from graftwork.documents.flow import Flow, Node, read_flow
from graftwork.documents.plan import ComputePlan
from graftwork.engine.folder import WEIGHTS, read_plan, read_record
from graftwork.engine.node_building import NodeParts, base_id_of
from graftwork.errors import RunError, WeightsMismatch
from graftwork.graph.bypass import without_bypassed
from graftwork.graph.contracts import BackboneSettings
from graftwork.graph.topology import incoming, sorted_nodes

__all__ = ["RunWeights", "fill", "open_run"]


@dataclass(frozen=True)
class RunWeights:
    """What a run learned.

    Args:
        folder: of the run.
        flow: that it was made from.
        num_classes: classes, tags or numbers that it was trained for.
        compute: how it computes.
        digest: of the weights file.
        tensors: by the names in the file.
    """

    folder: Path
    flow: Flow
    num_classes: int
    compute: ComputePlan
    digest: str
    tensors: Mapping[str, Tensor]

    def of_node(self, node_id: str, *, is_base: bool) -> dict[str, Tensor]:
        """Return the tensors of a node by their own names; those of the main base are named otherwise."""
        found = self._below(node_id)
        # Of the bases in the run only the main one is not named by its node; a node added since is none of them.
        is_main = is_base and not found and any(n.id == node_id for n in self.flow.nodes)
        return self._below("base") if is_main else found

    def _below(self, prefix: str) -> dict[str, Tensor]:
        start = f"{prefix}."
        return {n.removeprefix(start): t for n, t in self.tensors.items() if n.startswith(start)}


def open_run(folder: Path, digest: Callable[[Path], str]) -> RunWeights:
    """Return the weights of a run.

    Raises:
        RunError: it has none.
    """
    path, plan, record = folder / WEIGHTS, read_plan(folder), read_record(folder)
    if plan is None or not path.is_file():
        raise RunError(
            f"The run {folder.name} has no trained weights.",
            hint="Preview without a run, or choose one that has finished.",
            run=folder.name,
        )
    flow = without_bypassed(read_flow(folder / "flow.yaml"))
    names = plan.classes or (
        record.data.label_names if record is not None and record.data is not None else ()
    )
    return RunWeights(folder, flow, len(names), plan.compute, digest(path), load_file(path))


def fill(parts: NodeParts, node: Node, flow: Flow, run: RunWeights) -> None:
    """Copy the weights of a run into what a node was built into, low-rank changes merged into them.

    Raises:
        WeightsMismatch: names or shapes differ; nodes that changed since the run are named.
    """
    own: dict[str, Tensor] = {}
    for step in parts.steps:
        if parts.placed is not None and step.role == "base":
            stage = parts.placed.base.stages[parts.placed.steps.index(step.name)].name
            tensors = parts.placed.base.tensors_of(stage)
            own.update({name: t for name, t in tensors.items() if not is_low_rank_name(name)})
        else:
            own.update(step.module.state_dict(keep_vars=True))
    known = merged_tensors(run.of_node(node.id, is_base=parts.placed is not None))
    wrong = sorted(set(own) ^ set(known)) or [k for k, t in own.items() if t.shape != known[k].shape]
    if wrong:
        raise _mismatch(node, flow, run, wrong)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(known[name])


def _mismatch(node: Node, flow: Flow, run: RunWeights, wrong: list[str]) -> WeightsMismatch:
    changed = [n for n in sorted_nodes(flow) if _is_changed(n, flow, run.flow)]
    since = ", ".join(f"'{n}'" for n in changed)
    return WeightsMismatch(
        f"The weights of run {run.folder.name} do not fit node '{node.id}': {', '.join(wrong[:3])} "
        f"({len(wrong)} tensors differ)." + (f" Changed since that run: {since}." if changed else ""),
        hint="Undo that change, train anew, or preview without the run.",
        node=node.id,
        changed=changed,
    )


def _is_changed(node_id: str, new: Flow, old: Flow) -> bool:
    before = next((n for n in old.nodes if n.id == node_id), None)
    now = new.node(node_id)
    if before is None or before.component != now.component:
        return True
    if set(map(str, incoming(new, node_id))) != set(map(str, incoming(old, node_id))):
        return True
    if now.component == "backbone":
        one, two = (BackboneSettings.model_validate(n.settings) for n in (before, now))
        return (base_id_of(one), one.image_size) != (base_id_of(two), two.image_size)
    return before.settings != now.settings
