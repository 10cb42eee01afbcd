"""Flows for common tasks; the short commands build one of these and save it."""

from __future__ import annotations

from typing import Any

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.documents.recipe import Recipe
from graftwork.graph.contracts import BackboneSettings, HeadSettings, ImagesSettings

__all__ = ["transfer_flow"]


def transfer_flow(
    source: str,
    *,
    name: str = "transfer",
    recipe: Recipe | None = None,
    hidden: tuple[int, ...] = (),
    dropout: float = 0.0,
    standardize: bool = True,
    **settings: Any,
) -> Flow:
    """Return the flow images → backbone → head → classification.

    Args:
        source: folder, table, array file, or ``sample:NAME``.
        name: name of the flow.
        recipe: training choices; the defaults if not given.
        hidden: widths of the head's hidden layers.
        dropout: dropout of the head.
        standardize: whether the head scales its features; see ``HeadSettings``.
        settings: any setting of the images or the backbone node (``base``, ``strategy``, ``cut``,
            ``batch_norm``, ``image_size``, ``validation``, ``test``, ``image_column``, …).
    """
    images = {k: v for k, v in settings.items() if k in ImagesSettings.model_fields and v is not None}
    backbone = {k: v for k, v in settings.items() if k not in ImagesSettings.model_fields and v is not None}
    head = HeadSettings(hidden=hidden, dropout=dropout, standardize=standardize)
    nodes = (
        Node(id="images", component="images", settings={"source": source, **images}),
        Node(
            id="backbone",
            component="backbone",
            settings={"base": BackboneSettings().base, "strategy": BackboneSettings().strategy, **backbone},
        ),
        Node(id="head", component="head", settings=head.model_dump(mode="json", exclude_defaults=True)),
        Node(id="objective", component="classification"),
    )
    wires = (
        ("images.image", "backbone.image"),
        ("backbone.features", "head.features"),
        ("head.logits", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    edges = tuple(Edge.model_validate({"source": s, "target": t}) for s, t in wires)
    layout = {n.id: (280.0 * i, 0.0) for i, n in enumerate(nodes)}
    return Flow(name=name, nodes=nodes, edges=edges, recipe=recipe or Recipe(), layout=layout)
