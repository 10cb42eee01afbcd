"""What objectives say in a preview: probabilities of logits, the loss of each sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from graftwork.components.objectives import Objective, Segmentation, build_objective
from graftwork.data import ImageSet
from graftwork.documents.flow import Flow
from graftwork.documents.preview import ClassShare, ObjectiveView, ScoresView, ValuesView, View
from graftwork.engine.preview.views import Look, finite, mask_views, name_of
from graftwork.engine.trained import load_state
from graftwork.errors import GraftworkError, ShapeError
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.wires import parse_settings

__all__ = ["PreviewObjective", "find_objective", "objective_at", "objective_views", "score_views"]

_TOP = 5
_MAX_LOGITS = 64


@dataclass(frozen=True)
class PreviewObjective:
    """An objective, and whether it knows what it has to learn from the data."""

    module: Objective
    is_fitted: bool


def find_objective(flow: Flow, wire: str) -> str | None:
    """Return the objective that reads a wire as its prediction, or None."""
    for edge in flow.edges:
        if str(edge.source) != wire or edge.target.port in ("labels", "mask"):
            continue
        node = next((n for n in flow.nodes if n.id == edge.target.node), None)
        if node is not None and node.component in CONTRACTS.names():
            contract = CONTRACTS.get(node.component)
            if contract.group == "objective" and contract.inputs[0].name == edge.target.port:
                return node.id
    return None


def objective_at(flow: Flow, node_id: str, images: ImageSet, run: Path | None) -> PreviewObjective:
    """Return the objective of a node, without class weights.

    Args:
        flow: with this node.
        node_id: the objective.
        images: the split images, whose training labels it may have to see.
        run: folder of the run whose weights are shown.
    """
    node = flow.node(node_id)
    settings = parse_settings(node, CONTRACTS.get(node.component))
    state = load_state(run) if run is not None else {}
    width = len(state["mean"]) if "mean" in state else max(1, images.num_targets)
    module = build_objective(
        node.component, settings, num_numbers=width, label_smoothing=flow.recipe.label_smoothing
    )
    if state and set(state) == set(module.state_dict()):
        module.load_state_dict(state)
    elif module.fits == "labels":
        module.fit(torch.from_numpy(images.labels(images.of_split("train"))))
    elif module.fits == "features":
        return PreviewObjective(module.eval(), is_fitted=False)
    return PreviewObjective(module.eval(), is_fitted=True)


def score_views(
    values: Tensor, objective: PreviewObjective | None, labels: Tensor | None, images: ImageSet, look: Look
) -> list[View] | None:
    """Return views of logits or probabilities, or None when they do not speak of the data's classes.

    Args:
        values: (b, k), or (b, k, h, w) for a class per pixel.
        objective: the one that reads them.
        labels: what is right, (b,), (b, k) or (b, h, w).
        images: the data.
        look: of the wire; keeps pictures.
    """
    said = values.detach().cpu().float()
    read = _probabilities(said, objective, images, is_read=look.kind == "probabilities")
    if read is None:
        return None
    if read.ndim == 4:
        return mask_views(read.argmax(1), look)
    if objective is not None and objective.module.wants in ("number", "none"):
        return [ValuesView(values=tuple(map(finite, row))) for row in read.tolist()]
    logits = () if look.kind == "probabilities" else said.reshape(len(said), -1)[:, :_MAX_LOGITS].tolist()
    found: list[View] = []
    for index, row in enumerate(read.tolist()):
        predicted, is_right = _predicted(row, index, labels, images)
        found.append(
            ScoresView(
                logits=tuple(map(finite, logits[index])) if logits else (),
                top=top_classes(row, images.classes),
                predicted=predicted,
                is_right=is_right,
            )
        )
    return found


def objective_views(
    inputs: Sequence[Tensor], objective: PreviewObjective, labels: Tensor | None, images: ImageSet, node: str
) -> list[View]:
    """Return what an objective says of each sample.

    Raises:
        ShapeError: it cannot work with what comes in.
    """
    inputs = [t.detach().cpu() for t in inputs]
    inputs = [t.float() if t.is_floating_point() else t for t in inputs]
    module = objective.module
    losses, fault = _losses(inputs, module)
    if fault is not None and all(loss is None for loss in losses):
        came = ", ".join(str(tuple(t.shape)) for t in inputs)
        raise ShapeError(
            f"Node '{node}' cannot work with what comes in ({came}): {str(fault).splitlines()[0]}", node=node
        ) from fault
    read = _reading(module, inputs[0]) if objective.is_fitted else None
    found: list[View] = []
    for index, loss in enumerate(losses):
        view = ObjectiveView(loss=loss)
        if read is not None and read.ndim == 2 and module.wants in ("number", "none"):
            view = view.edit(values=tuple(map(finite, read[index].tolist())))
        elif read is not None and read.ndim == 2:
            row = read[index].tolist()
            predicted, is_right = _predicted(row, index, labels, images)
            view = view.edit(top=top_classes(row, images.classes), predicted=predicted, is_right=is_right)
        found.append(view)
    return found


def top_classes(probabilities: Sequence[float], names: Sequence[str]) -> tuple[ClassShare, ...]:
    """Return the likeliest classes, at most five; those that are not a number come last."""
    order = sorted(range(len(probabilities)), key=lambda i: -(finite(probabilities[i]) or 0.0))
    return tuple(
        ClassShare(name=name_of(i, names), probability=finite(probabilities[i])) for i in order[:_TOP]
    )


def _probabilities(
    said: Tensor, objective: PreviewObjective | None, images: ImageSet, *, is_read: bool
) -> Tensor | None:
    if is_read:
        return said if said.ndim in (2, 4) else None
    if objective is not None:
        return _reading(objective.module, said) if objective.is_fitted else None
    if said.ndim < 2 or said.shape[1] != len(images.classes):
        return None
    return said.sigmoid() if images.label_kind == "tags" else said.softmax(1)


def _reading(module: Objective, said: Tensor) -> Tensor | None:
    with torch.no_grad():
        read: Tensor = module.predict(said)
    return None if isinstance(module, Segmentation) and read.ndim != 4 else read


def _predicted(
    row: Sequence[float], index: int, labels: Tensor | None, images: ImageSet
) -> tuple[tuple[str, ...], bool | None]:
    """Return what probabilities mean, and whether it is right."""
    known = None if labels is None or labels.ndim > 2 else labels[index]
    if images.label_kind == "tags":
        tags = [i for i, p in enumerate(row) if p >= 0.5]
        true = (
            None
            if known is None or known.ndim != 1
            else [i for i, t in enumerate(known.tolist()) if t >= 0.5]
        )
        return tuple(name_of(i, images.classes) for i in tags), None if true is None else tags == true
    if any(finite(p) is None for p in row):
        return (), None if known is None else False
    best = max(range(len(row)), key=row.__getitem__)
    truth = None if known is None else (int(known.argmax()) if known.ndim else int(known))
    is_right = None if truth is None or truth < 0 else best == truth
    return (name_of(best, images.classes),), is_right


def _losses(
    inputs: Sequence[Tensor], module: Callable[..., Tensor]
) -> tuple[list[float | None], Exception | None]:
    losses: list[float | None] = []
    fault: Exception | None = None
    for index in range(len(inputs[0])):
        try:
            with torch.no_grad():
                losses.append(finite(float(module(*(t[index : index + 1] for t in inputs)))))
        except GraftworkError:
            raise
        except (RuntimeError, ValueError, IndexError, TypeError) as error:  # such as a sample without a label
            losses.append(None)
            fault = error
    return losses, fault
