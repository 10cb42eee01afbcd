"""Faces: whatever is wrong with a flow, each node and each wire can be drawn."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.documents.card import InputPort
from graftwork.documents.flow import Edge, Flow, Node, digest_flow, dump_flow
from graftwork.graph.check import check
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.faces import FlowCheck, check_flow
from graftwork.graph.flows import transfer_flow
from graftwork.graph.ports import Port, Wire, accepts, bind, fits
from graftwork.graph.propose import Facts, propose

NAMES = ("a", "b", "c", "d")
PORTS = ("image", "features", "labels", "logits", "a", "x")


def _edge(source: str, target: str) -> Edge:
    return Edge.model_validate({"source": source, "target": target})


def test_faces_show_ports_shapes_and_settings():
    flow = transfer_flow("photos/cats", hidden=(128, 64), size=96)
    found = check_flow(flow, None)
    images, head = found.faces["images"], found.faces["head"]
    assert [(p.name, p.shape) for p in images.outputs] == [("image", "b × 3 × 96 × 96"), ("labels", "b")]
    assert images.summary == "cats, 96 × 96"
    assert head.summary == "hidden 128, 64"
    assert head.title == "Head"
    assert head.inputs[0].is_connected
    assert found.faces["objective"].inputs[1].kind == "labels"
    assert found.faces["backbone"].inputs[0].shape == "b × 3 × 96 × 96"
    assert found.problems == check(flow)
    assert found.digest == digest_flow(flow)


def test_facts_of_data_and_bases_are_put_into_shapes():
    port = InputPort(height=128, width=160)
    facts = Facts(num_classes=7, ports={"backbone": port}, num_features={"backbone": 1280})
    found = check_flow(transfer_flow("x"), facts).faces
    assert found["images"].outputs[0].shape == "b × 3 × 128 × 160"
    assert found["backbone"].outputs[0].shape == "b × … × 1280"
    assert found["head"].inputs[0].shape == "b × … × 1280"
    assert found["objective"].inputs[0].shape == "b × 7"


def test_titles_and_bypasses_are_shown():
    flow = transfer_flow("x", size=64)
    drop = Node(id="drop", component="resize", title="Smaller", is_bypassed=True, settings={"height": 32})
    flow = flow.edit(
        nodes=(*flow.nodes, drop),
        edges=(*flow.edges[1:], _edge("images.image", "drop.image"), _edge("drop.image", "backbone.image")),
    )
    found = check_flow(flow).faces
    assert (found["drop"].title, found["drop"].is_bypassed, found["drop"].why_not_bypassed) == (
        "Smaller",
        True,
        None,
    )
    assert found["drop"].outputs[0].shape == "b × 3 × 64 × 64"  # what passes, not what it would make
    assert found["backbone"].inputs[0].shape == "b × 3 × 64 × 64"
    assert "cannot be bypassed" in (found["backbone"].why_not_bypassed or "")


def test_wires_of_unknown_components_and_ports_find_both_ends():
    flow = Flow(
        nodes=(Node(id="i", component="images", settings={"source": "x"}), Node(id="odd", component="hed")),
        edges=(_edge("i.image", "odd.features"), _edge("odd.logits", "i.back")),
    )
    faces = check_flow(flow).faces
    odd = faces["odd"]
    assert (odd.group, odd.summary, odd.title) == (None, "", "hed")
    assert [(p.name, p.kind, p.is_known) for p in odd.inputs] == [("features", "image", False)]
    assert [p.name for p in odd.outputs] == ["logits"]
    assert [(p.name, p.is_known) for p in faces["i"].inputs] == [("back", False)]


COMPONENTS = [c.name for c in CONTRACTS] + ["nothing"]
nodes = st.builds(
    Node,
    id=st.sampled_from(NAMES),
    component=st.sampled_from(COMPONENTS),
    is_bypassed=st.booleans(),
    settings=st.dictionaries(
        st.sampled_from(("units", "source", "kind", "inputs")), st.integers(-1, 4), max_size=2
    ),
)
ends = st.builds("{}.{}".format, st.sampled_from((*NAMES, "e")), st.sampled_from(PORTS))
flows = st.builds(
    Flow,
    nodes=st.lists(nodes, max_size=5).map(tuple),
    edges=st.lists(st.builds(_edge, ends, ends), max_size=7).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(flows)
def test_any_flow_has_faces_and_every_wire_between_its_nodes_has_both_ends(flow):
    found = check_flow(flow)
    assert set(found.faces) == {n.id for n in flow.nodes}
    for edge in flow.edges:
        source, target = found.faces.get(edge.source.node), found.faces.get(edge.target.node)
        if source is not None:
            assert edge.source.port in {p.name for p in source.outputs}
        if target is not None:
            assert edge.target.port in {p.name for p in target.inputs}
    assert FlowCheck.model_validate_json(found.model_dump_json()) == found
    assert found.proposals == propose(flow)


def test_the_digest_is_of_the_text_that_is_written():
    import hashlib

    flow = transfer_flow("x")
    assert digest_flow(flow) == hashlib.sha256(dump_flow(flow).encode()).hexdigest()
    assert digest_flow(flow) != digest_flow(flow.edit(title="Mine"))


def test_every_component_has_a_summary_of_its_usual_settings():
    needed = {"images": {"source": "x"}, "target_images": {"source": "y"}, "embedding": {"num_categories": 4}}
    nodes = tuple(
        Node(id=f"n_{c.name}", component=c.name, settings=needed.get(c.name, {})) for c in CONTRACTS
    )
    summaries = {f.component: f.summary for f in check_flow(Flow(nodes=nodes)).faces.values()}
    assert summaries["dense"] == "a unit for each class"
    assert summaries["embedding"] == "4 categories, 32 wide"
    assert summaries["convolution"] == "32 filters, 3 × 3"
    quiet = {name for name, text in summaries.items() if not text}
    assert quiet <= {"batch_norm", "layer_norm", "softmax", "flatten", "argmax"}


@pytest.mark.parametrize("source", [p for c in CONTRACTS for p in c.outputs])
def test_fits_says_what_check_says(source):
    for contract in CONTRACTS:
        for target in contract.inputs:
            is_fit = accepts(target, source.kind) and bind(source.shape, target.shape) is not None
            assert (fits(source, target) is None) == is_fit


def test_why_a_wire_is_refused():
    labels = Port(name="labels", kind="labels", shape=("b",))
    assert (fits(Wire(kind="image"), labels) or "").startswith("images cannot feed labels: ")
    tall = Port(name="features", kind="features", shape=("b", "d"))
    assert (fits(Wire(kind="features", shape=("b", 3, 4)), tall) or "").startswith("the shapes differ: ")


def test_faces_load_no_torch():
    code = "import graftwork.graph.faces, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
