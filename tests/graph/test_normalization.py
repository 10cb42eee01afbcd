"""Images that are normalized twice are reported, with both places; once is fine."""

from __future__ import annotations

from typing import Any

import pytest

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.graph.check import check, checked

CENTERS = {"scale": 1 / 127.5, "offset": -1.0}


def chain(*boxes: tuple[str, str, dict[str, Any]]) -> Flow:
    """Return images → boxes in a row → backbone → head → classification."""
    nodes = [Node(id="images", component="images", settings={"source": "photos"})]
    edges, last = [], "images.image"
    for node_id, component, settings in (*boxes, ("backbone", "backbone", {})):
        nodes.append(Node(id=node_id, component=component, settings=settings))
        edges.append((last, f"{node_id}.image"))
        last = f"{node_id}.image"
    nodes += [Node(id="head", component="head"), Node(id="objective", component="classification")]
    edges += [
        ("backbone.features", "head.features"),
        ("head.logits", "objective.logits"),
        ("images.labels", "objective.labels"),
    ]
    return Flow(
        nodes=tuple(nodes),
        edges=tuple(Edge.model_validate({"source": a, "target": b}) for a, b in edges),
    )


@pytest.mark.parametrize(
    "boxes",
    [
        (),
        (("small", "resize", {}),),
        (("same", "rescale", {}),),
        (("gray", "grayscale", {}), ("cut", "crop", {"height": 8, "width": 8})),
    ],
)
def test_once_is_fine(boxes):
    assert check(chain(*boxes)) == ()


@pytest.mark.parametrize(
    ("boxes", "first", "second"),
    [
        ((("n", "normalize", {}),), "n", "backbone"),
        ((("r", "rescale", CENTERS),), "r", "backbone"),
        ((("r", "rescale", {"scale": 1 / 255}),), "r", "backbone"),
        ((("n", "normalize", {}), ("small", "resize", {})), "n", "backbone"),
        ((("n", "normalize", {}), ("again", "normalize", {})), "n", "again"),
        ((("r", "rescale", CENTERS), ("again", "normalize", {"preset": "tf"})), "r", "again"),
        ((("n", "normalize", {}), ("gray", "grayscale", {}), ("r", "rescale", CENTERS)), "n", "r"),
    ],
)
def test_twice_is_a_warning_at_the_second_that_names_the_first(boxes, first, second):
    flow = chain(*boxes)
    found = [p for p in check(flow) if p.node == second]
    assert [(p.level, p.port) for p in found] == [("warning", "image")]
    assert f"'{first}'" in found[0].message
    assert checked(flow) is flow


def test_a_scale_alone_before_normalize_is_no_second_normalization():
    flow = chain(("r", "rescale", {"scale": 255.0}), ("n", "normalize", {"pixel_max": 255.0}))
    assert [p.node for p in check(flow)] == ["backbone"]


def test_a_switch_counts_only_what_it_lets_through():
    flow = chain(("choose", "switch", {"kind": "image", "choice": "a"}))
    edges = [e for e in flow.edges if e.target.node != "choose" and e.source.node != "choose"]
    pairs = (
        ("images.image", "n.image"),
        ("images.image", "choose.a"),
        ("n.image", "choose.b"),
        ("choose.chosen", "backbone.image"),
    )
    flow = flow.edit(
        nodes=(*flow.nodes, Node(id="n", component="normalize")),
        edges=(*edges, *(Edge.model_validate({"source": a, "target": b}) for a, b in pairs)),
    )
    assert check(flow) == ()
    (warning,) = check(flow.with_settings("choose", choice="b"))
    assert (warning.level, warning.node) == ("warning", "backbone")
