"""The flow to start from, for data of each kind."""

from __future__ import annotations

from typing import Any

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.graph.contracts import LabelKind
from graftwork.graph.flows import transfer_flow

__all__ = ["recommended_flow"]

_Box = tuple[str, str, dict[str, Any]]


def recommended_flow(
    source: str, label_kind: LabelKind | None = "category", num_classes: int | None = None, **settings: Any
) -> Flow:
    """Return a flow with a pretrained base that fits the labels.

    Classes: head, cross-entropy. Tags: head, binary cross-entropy of each. Numbers: pooling and a dense
    layer, squared error. Masks: U-Net decoder. No labels: distance of pooled features to normal images.

    Args:
        source: folder, table, array file, or ``sample:NAME``.
        label_kind: what the labels are; None when there are none.
        num_classes: classes, tags, or numbers per image, when known.
        settings: any setting of the images or the backbone node, as ``transfer_flow`` takes them.
    """
    flow = transfer_flow(source, **settings)
    if label_kind == "category":
        return flow
    images, backbone = flow.node("images"), flow.node("backbone")
    if label_kind is not None:
        images = images.edit(settings={**images.settings, "label_kind": label_kind})
    boxes = _boxes(label_kind, num_classes)
    nodes = (images, backbone, *(Node(id=i, component=c, settings=s) for i, c, s in boxes))
    edges = [("images.image", "backbone.image")]
    last = "backbone.features"
    for node_id, component, _ in boxes:
        takes, gives = _PORTS.get(component, ("logits", ""))
        edges.append((last, f"{node_id}.{takes}"))
        last = f"{node_id}.{gives}"
    if label_kind is not None:
        edges.append(("images.labels", "objective.labels"))
    return flow.edit(
        nodes=nodes,
        edges=tuple(Edge.model_validate({"source": a, "target": b}) for a, b in edges),
        layout={n.id: (280.0 * i, 0.0) for i, n in enumerate(nodes)},
    )


_PORTS = {
    "head": ("features", "logits"),
    "pooling": ("features", "features"),
    "dense": ("features", "features"),
    "unet_decoder": ("features", "logits"),
    "anomaly": ("features", ""),
}


def _boxes(label_kind: LabelKind | None, num_classes: int | None) -> tuple[_Box, ...]:
    """Return what stands after the backbone: id, component, settings."""
    pooling: _Box = ("pooling", "pooling", {})
    if label_kind == "tags":
        return (("head", "head", {}), ("objective", "multi_label", {}))
    if label_kind == "number":
        return (pooling, ("dense", "dense", {"units": num_classes or 1}), ("objective", "regression", {}))
    if label_kind == "mask":
        return (("decoder", "unet_decoder", {}), ("objective", "segmentation", {}))
    return (pooling, ("objective", "anomaly", {}))
