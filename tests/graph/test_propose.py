"""Settings are proposed with a reason, never changed silently; what was accepted leaves nothing to propose."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from graftwork.documents.card import InputPort
from graftwork.documents.flow import Edge, Flow, Node
from graftwork.graph.check import check
from graftwork.graph.contracts import LabelKind
from graftwork.graph.flows import transfer_flow
from graftwork.graph.propose import Facts, Proposal, apply, propose
from graftwork.graph.recommend import recommended_flow

PORT = InputPort(height=96, width=128)


def flow_of(
    objective: str = "classification", units: int | None = None, *, resize: dict[str, Any] | None = None
) -> Flow:
    """Return images → resize → backbone → pooling → dense → dropout → objective."""
    dense = {} if units is None else {"units": units}
    boxes = (
        ("images", "images", {"source": "photos"}),
        ("small", "resize", resize or {}),
        ("backbone", "backbone", {}),
        ("pool", "pooling", {}),
        ("dense", "dense", dense),
        ("drop", "dropout", {}),
        ("objective", objective, {}),
    )
    wires = (
        ("images.image", "small.image"),
        ("small.image", "backbone.image"),
        ("backbone.features", "pool.features"),
        ("pool.features", "dense.features"),
        ("dense.features", "drop.features"),
        ("drop.features", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    return Flow(
        nodes=tuple(Node(id=i, component=c, settings=s) for i, c, s in boxes),
        edges=tuple(Edge.model_validate({"source": a, "target": b}) for a, b in wires),
    )


def said(proposals: tuple[Proposal, ...]) -> dict[str, Any]:
    assert all(p.reason.endswith(".") for p in proposals)
    return {f"{p.node}.{p.setting}": p.value for p in proposals}


def test_what_fits_is_left_alone():
    facts = Facts(num_classes=5, label_kind="category", ports={"backbone": PORT})
    assert propose(transfer_flow("photos"), facts) == ()
    assert propose(flow_of(units=5, resize={"height": 96, "width": 128}), facts) == ()
    assert propose(flow_of(), Facts(num_classes=5)) == ()
    assert propose(Flow()) == ()


@pytest.mark.parametrize(
    ("objective", "units", "facts", "wanted"),
    [
        ("classification", 3, Facts(num_classes=5), 5),
        ("multi_label", 3, Facts(num_classes=5, label_kind="category"), 5),
        ("binary", 2, Facts(), 1),
        ("binary", 2, Facts(num_classes=2), 1),
    ],
)
def test_the_last_layer_answers_what_the_objective_asks(objective, units, facts, wanted):
    found = said(propose(flow_of(objective, units), facts))
    assert found.pop("dense.units") == wanted
    assert "dense.units" not in said(propose(flow_of(objective, wanted), facts))


def test_numbers_are_counted_from_the_columns():
    flow = flow_of("regression", 1).with_settings("images", label_kind="number", label_columns=["x", "y"])
    assert said(propose(flow)) == {"dense.units": 2}


def test_a_resize_gives_what_the_base_was_trained_with():
    facts = Facts(ports={"backbone": PORT})
    assert said(propose(flow_of(), facts)) == {"small.height": 96, "small.width": 128}
    own = flow_of().with_settings("backbone", image_size=64)
    assert said(propose(own, facts)) == {"small.height": 64, "small.width": 64}


def test_labels_are_read_as_the_objective_or_the_data_says():
    assert said(propose(flow_of("regression"))) == {"images.label_kind": "number"}
    found = propose(flow_of("regression"), Facts(label_kind="tags"))
    assert said(found) == {"images.label_kind": "tags"}


def test_one_hot_rows_are_as_wide_as_the_data_has_classes():
    flow = flow_of(units=4).edit(nodes=(*flow_of().nodes, Node(id="rows", component="one_hot")))
    wide = flow.with_settings("rows", num_classes=7)
    assert said(propose(wide, Facts(num_classes=4))) == {"rows.num_classes": 4}
    assert said(propose(flow, Facts(num_classes=4))) == {}


def test_heads_divide_the_features():
    nodes = [n.edit(component="attention") if n.id == "pool" else n for n in flow_of().nodes]
    flow = flow_of().edit(nodes=tuple(nodes))
    assert said(propose(flow, Facts(num_features={"backbone": 18}))) == {"pool.heads": 3}
    assert said(propose(flow, Facts(num_features={"backbone": 16}))) == {}


@pytest.mark.parametrize("objective", ["classification", "binary", "regression", "multi_label"])
def test_what_was_accepted_leaves_nothing_to_propose(objective):
    facts = Facts(num_classes=6, ports={"backbone": PORT})
    flow = flow_of(objective, 9)
    first = propose(flow, facts)
    assert first
    assert flow == flow_of(objective, 9)
    changed = apply(flow, first)
    assert propose(changed, facts) == ()
    assert changed.edges == flow.edges


@pytest.mark.parametrize("kind", [*get_args(LabelKind), None])
def test_a_recommended_flow_has_no_problems_and_nothing_to_propose(kind):
    flow = recommended_flow("photos", kind, 4, strategy="some_layers")
    assert check(flow) == ()
    assert propose(flow, Facts(num_classes=4, label_kind=kind)) == ()
    assert flow.node("backbone").settings["strategy"] == "some_layers"


def test_a_flow_with_a_loop_does_not_hang():
    edges = (("a.features", "b.features"), ("b.features", "a.features"), ("b.features", "o.logits"))
    flow = Flow(
        nodes=(
            Node(id="a", component="dropout"),
            Node(id="b", component="activation"),
            Node(id="o", component="binary"),
        ),
        edges=tuple(Edge.model_validate({"source": s, "target": t}) for s, t in edges),
    )
    assert propose(flow, Facts(num_classes=3)) == ()


def test_a_backbone_hands_on_as_many_maps_as_are_read() -> None:
    flow = Flow(
        nodes=(
            Node(id="images", component="images", settings={"source": "photos", "label_kind": "mask"}),
            Node(id="backbone", component="backbone"),
            Node(id="decoder", component="unet_decoder", settings={"skips": 3}),
            Node(id="objective", component="segmentation"),
        ),
        edges=tuple(
            Edge.model_validate(wire)
            for wire in (
                ("images.image", "backbone.image"),
                ("backbone.features", "decoder.features"),
                ("backbone.skip_1", "decoder.skip_1"),
                ("decoder.logits", "objective.logits"),
                ("images.labels", "objective.labels"),
            )
        ),
    )
    (found,) = propose(flow)
    assert (found.node, found.setting, found.value) == ("backbone", "skips", 3)
    assert propose(apply(flow, (found,))) == ()
    named = flow.with_settings("backbone", skip_stages=["layer1"])
    assert propose(named) == ()  # the user's own choice of stages
    more = flow.with_settings("backbone", skips=4)
    assert propose(more) == ()
