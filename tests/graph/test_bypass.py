"""A bypassed node is a wire: what comes in goes straight on, everywhere alike."""

from __future__ import annotations

from typing import Any

import pytest

from graftwork.documents.flow import Edge, Flow, Group, Node
from graftwork.graph.bypass import passing_through, why_not_bypassed, without_bypassed
from graftwork.graph.check import check, checked
from graftwork.graph.custom import custom_nodes
from graftwork.graph.fingerprint import fingerprint
from graftwork.graph.flows import transfer_flow
from graftwork.graph.propose import Facts, propose


def flow_of(nodes: dict[str, Any], *wires: str) -> Flow:
    """Return a flow from ``id: (component, settings)`` and wires ``a.x b.y``."""
    made = [
        Node(id=name, component=kind, settings=settings)
        for name, (kind, settings) in ((n, v if isinstance(v, tuple) else (v, {})) for n, v in nodes.items())
    ]
    edges = [Edge.model_validate(dict(zip(("source", "target"), w.split(), strict=True))) for w in wires]
    return Flow(nodes=tuple(made), edges=tuple(edges))


def bypassed(flow: Flow, *ids: str) -> Flow:
    return flow.edit(nodes=tuple(n.edit(is_bypassed=n.id in ids) for n in flow.nodes))


CHAIN = flow_of(
    {
        "images": ("images", {"source": "photos/", "size": 64}),
        "gray": "grayscale",
        "base": "backbone",
        "pool": "pooling",
        "drop": ("dropout", {"rate": 0.2}),
        "head": "head",
        "one_hot": "one_hot",
        "goal": "classification",
    },
    "images.image gray.image",
    "gray.image base.image",
    "base.features pool.features",
    "pool.features drop.features",
    "drop.features head.features",
    "head.logits goal.logits",
    "images.labels one_hot.labels",
    "one_hot.labels goal.labels",
)


def wires(flow: Flow) -> set[str]:
    return {f"{e.source} {e.target}" for e in flow.edges}


def test_what_comes_in_goes_straight_on_through_several_nodes_and_labels_too():
    flow = bypassed(CHAIN, "gray", "pool", "drop", "one_hot")
    assert wires(without_bypassed(flow)) == {
        "images.image base.image",
        "base.features head.features",
        "head.logits goal.logits",
        "images.labels goal.labels",
    }
    assert check(flow) == ()


def test_doing_it_twice_is_doing_it_once_and_a_flow_without_bypasses_is_itself():
    assert without_bypassed(CHAIN) is CHAIN
    once = without_bypassed(bypassed(CHAIN, "pool", "base"))
    assert without_bypassed(once) == once
    assert [n.id for n in once.nodes if n.is_bypassed] == ["base"]  # it cannot be bypassed, so it stays


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ("images", "the images come from it"),
        ("goal", "without an objective nothing is learned"),
        ("base", "it takes image and gives features"),
        ("head", "it takes features and gives logits"),
    ],
)
def test_what_cannot_be_bypassed_says_why(node, why):
    problems = [p for p in check(bypassed(CHAIN, node)) if p.node == node]
    assert len(problems) == 1
    assert why in problems[0].message
    assert "bypass" in (problems[0].hint or "")
    with pytest.raises(Exception, match="cannot be bypassed"):
        checked(bypassed(CHAIN, node))


def test_the_first_input_of_the_outputs_kind_passes_and_wires_of_the_others_end():
    nodes = {"images": ("images", {"source": "x"}), "a": "flatten", "b": "flatten", "m": "merge", "h": "head"}
    flow = flow_of(
        nodes,
        "images.image a.features",
        "images.image b.features",
        "a.features m.a",
        "b.features m.b",
        "m.merged h.features",
    )
    assert "a.features h.features" in wires(without_bypassed(bypassed(flow, "m")))
    assert "b.features h.features" not in wires(without_bypassed(bypassed(flow, "m")))
    alone = flow.edit(edges=tuple(e for e in flow.edges if str(e.target) != "m.a"))
    assert "b.features h.features" in wires(without_bypassed(bypassed(alone, "m")))


def test_a_misfit_behind_a_bypass_is_told_at_its_node_and_names_the_bypass():
    nodes = {
        "images": ("images", {"source": "x"}),
        "flat": "flatten",
        "attention": "attention",
        "head": "head",
        "goal": "classification",
    }
    flow = flow_of(
        nodes,
        "images.image flat.features",
        "flat.features attention.features",
        "attention.features head.features",
        "head.logits goal.logits",
        "images.labels goal.labels",
    )
    found = [p for p in check(bypassed(flow, "flat")) if p.node == "attention"]
    assert found
    assert "'images.image' gives image" in found[0].message
    assert "'flat' before it is bypassed" in (found[0].hint or "")


def test_settings_of_a_bypassed_node_do_not_matter_and_its_code_does_not_run():
    code = {"code": "def (", "inputs": [{"name": "features", "kind": "features"}]}
    flow = flow_of(
        {"images": ("images", {"source": "x"}), "own": ("custom", code), "base": "backbone", "h": "head"},
        "images.image base.image",
        "base.features own.features",
        "own.features h.features",
    )
    fault = next(p for p in check(flow) if p.node == "own")
    assert fault.line == 1
    off = bypassed(flow, "own")
    assert not [p for p in check(off) if p.node in ("own", "h")]
    assert not custom_nodes(off)
    wrong = flow.with_settings("own", time_limit=-1)
    assert not [p for p in check(bypassed(wrong, "own")) if p.node == "own"]


def test_faults_of_code_are_told_beside_other_problems():
    flow = flow_of({"own": ("custom", {"code": "x = 1\nimport tensorflow\n"}), "odd": "hed"})
    lines = {p.node: p.line for p in check(flow)}
    assert "odd" in lines
    flow = flow_of(
        {
            "i": ("images", {"source": "x"}),
            "own": ("custom", {"code": "x = 1\nimport tensorflow\n"}),
            "odd": "hed",
        },
        "i.image own.image",
    )
    assert next(p for p in check(flow) if p.node == "own").line == 2


def test_a_loop_of_bypassed_nodes_gives_nothing_and_does_not_hang():
    flow = flow_of(
        {"a": "dropout", "b": "dropout", "h": "head"},
        "a.features b.features",
        "b.features a.features",
        "b.features h.features",
    )
    off = bypassed(flow, "a", "b")
    assert without_bypassed(off).edges == ()
    assert passing_through(off, "b") is None
    assert any(p.node == "h" and "nothing is connected" in p.message for p in check(off))


def test_a_node_has_the_fingerprint_of_what_passes_and_titles_groups_layout_have_none():
    off = bypassed(CHAIN, "pool", "drop")
    assert fingerprint(off, "drop") == fingerprint(CHAIN, "base")
    assert fingerprint(off, "head") != fingerprint(CHAIN, "head")
    gone = without_bypassed(off)
    assert fingerprint(off, "head") == fingerprint(gone, "head")
    named = CHAIN.edit(
        nodes=tuple(n.edit(title=n.id.upper()) for n in CHAIN.nodes),
        groups=(Group(id="g", nodes=("pool", "drop"), color="teal"),),
        layout={"pool": (1.0, 2.0)},
    )
    assert all(fingerprint(named, n.id) == fingerprint(CHAIN, n.id) for n in CHAIN.nodes)
    loose = bypassed(flow_of({"a": "dropout"}), "a")
    assert fingerprint(loose, "a")


def test_proposals_look_through_bypassed_nodes():
    flow = transfer_flow("x").edit(
        nodes=(
            *transfer_flow("x").nodes[:2],
            Node(id="dense", component="dense", settings={"units": 7}),
            Node(id="more", component="dense", settings={"units": 5}, is_bypassed=True),
            Node(id="goal", component="classification"),
        ),
        edges=tuple(
            Edge.model_validate({"source": a, "target": b})
            for a, b in (("dense.features", "more.features"), ("more.features", "goal.logits"))
        ),
    )
    found = propose(flow, Facts(num_classes=3))
    assert [(p.node, p.value) for p in found] == [("dense", 3)]


def test_an_unknown_component_cannot_be_bypassed():
    assert "no component 'hed'" in (why_not_bypassed(Node(id="a", component="hed")) or "")
