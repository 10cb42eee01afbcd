"""Flows for common tasks; the short commands build one of these and save it."""

from __future__ import annotations

from typing import Any

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.documents.recipe import Recipe
from graftwork.errors import FlowError
from graftwork.graph.contracts import BackboneSettings, HeadSettings, ImagesSettings

__all__ = ["transfer_flow", "with_adaptation"]


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


def with_adaptation(flow: Flow, target: str, method: str, *, weight: float | None = None) -> Flow:
    """Return a flow that is adapted to a target while it trains: two data nodes, and what makes them alike between.

    Args:
        flow: one classification, whose logits come from a node that reads features.
        target: where the target's images are.
        method: as ``AdaptationSettings`` names it.
        weight: of the adaptation's loss; None: the method's usual one.

    Raises:
        FlowError: the flow is not of that form.
    """
    objectives = flow.of_component("classification")
    wires = {(e.target.node, e.target.port): e.source for e in flow.edges}
    logits = wires.get((objectives[0].id, "logits")) if len(objectives) == 1 else None
    ends = [] if logits is None else [e.source for e in flow.edges if e.target.node == logits.node]
    if logits is None or not ends:
        raise FlowError(
            f"The flow '{flow.name}' is not one head with one classification; where to adapt it cannot be told.",
            hint="Place the nodes 'target_images' and 'adaptation' yourself.",
        )
    taken = {n.id for n in flow.nodes}
    images, adaptation = (_free(name, taken) for name in ("target", "adaptation"))
    chosen = {"method": method} | ({} if weight is None else {"weight": weight})
    nodes = (
        Node(id=images, component="target_images", settings={"source": target}),
        Node(id=adaptation, component="adaptation", settings=chosen),
    )
    into = (
        (str(ends[0]), f"{adaptation}.features"),
        (str(logits), f"{adaptation}.logits"),
        (f"{images}.image", f"{adaptation}.target"),
    )
    edges = tuple(Edge.model_validate({"source": s, "target": t}) for s, t in into)
    x, y = flow.layout.get(logits.node, (560.0, 0.0))
    layout = {**flow.layout, images: (x - 280.0, y + 220.0), adaptation: (x + 280.0, y + 220.0)}
    return flow.edit(nodes=(*flow.nodes, *nodes), edges=(*flow.edges, *edges), layout=layout)


def _free(name: str, taken: set[str]) -> str:
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, 100))) if n not in taken)
