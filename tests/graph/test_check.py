"""A flow's problems come all at once, each with its place and a hint."""

from __future__ import annotations

import subprocess
import sys

import pytest

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.errors import FlowError, UnknownName, UsageError
from graftwork.graph.check import check, checked
from graftwork.graph.contracts import CONTRACTS, Contract, Contracts
from graftwork.graph.fingerprint import fingerprint
from graftwork.graph.flows import transfer_flow
from graftwork.graph.ports import Port, bind
from graftwork.graph.topology import ancestors, sorted_nodes


def _edge(source: str, target: str) -> Edge:
    return Edge.model_validate({"source": source, "target": target})


def test_the_common_flow_has_no_problems():
    assert check(transfer_flow("photos/")) == ()


def test_all_problems_come_at_once():
    flow = transfer_flow("photos/", strategy="hed_only")
    flow = flow.edit(
        nodes=(*flow.nodes, Node(id="odd", component="hed")),
        edges=(*flow.edges[1:], _edge("images.image", "head.features"), _edge("nobody.x", "head.features")),
    )
    text = "\n".join(map(str, check(flow)))
    assert "setting 'strategy'" in text
    assert "There is no component 'hed'" in text
    assert "Did you mean 'head'?" in text
    assert "Node 'backbone', port 'image': needs image" in text
    assert "Node 'head', port 'features': wants features" in text
    assert "'images.image' gives image" in text
    assert "ends at a node that is not there" in text
    assert "3 wires end here" in text


def test_build_raises_with_the_whole_list():
    with pytest.raises(FlowError) as caught:
        checked(Flow(nodes=(Node(id="a", component="x"), Node(id="b", component="y"))))
    assert len(caught.value.problems) >= 4
    assert caught.value.exit_code == 5


def test_a_loop_is_named():
    head = Node(id="h1", component="head"), Node(id="h2", component="head")
    flow = Flow(nodes=head, edges=(_edge("h1.logits", "h2.features"), _edge("h2.logits", "h1.features")))
    assert any("loop through h1, h2" in p.message for p in check(flow))
    with pytest.raises(FlowError, match="loop"):
        sorted_nodes(flow)


def test_order_and_ancestors():
    flow = transfer_flow("photos/")
    order = sorted_nodes(flow)
    for edge in flow.edges:
        assert order.index(edge.source.node) < order.index(edge.target.node)
    assert ancestors(flow, "head") == {"images", "backbone"}


def test_fingerprint_covers_what_a_node_stands_on_and_nothing_else():
    flow = transfer_flow("photos/")
    upstream = flow.with_settings("backbone", image_size=96)
    downstream = flow.with_settings("head", dropout=0.5)
    moved = flow.edit(layout={})
    assert fingerprint(flow, "head") != fingerprint(upstream, "head")
    assert fingerprint(flow, "backbone") == fingerprint(downstream, "backbone")
    assert fingerprint(flow, "head") == fingerprint(moved, "head")


def test_bind():
    assert bind(("b", 3, 8, 8), ("b", 3, "h", "w")) == {"b": "b", "h": 8, "w": 8}
    assert bind(("b", 1, 8, 8), ("b", 3, "h", "w")) is None
    assert bind(("b", 4, 5), ("b", "d", "d")) is None
    assert bind(("...",), ("b", 7)) == {}


def test_registry_refuses_duplicates_and_guesses():
    contract = Contract(name="a", title="A", summary="", settings=Port)
    with pytest.raises(UsageError, match="registered already"):
        Contracts([contract, contract])
    with pytest.raises(UnknownName, match="Did you mean 'backbone'"):
        CONTRACTS.get("backbon")


def test_documents_and_graph_load_no_torch():
    code = (
        "import sys, graftwork.graph.check, graftwork.graph.flows, graftwork.documents.events;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'pandas', 'timm', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_second_source_of_images_is_refused():
    flow = transfer_flow("photos")
    more = flow.node("images").edit(id="more")
    found = check(flow.edit(nodes=(*flow.nodes, more)))
    assert [(p.level, p.node) for p in found] == [("error", "more")]
