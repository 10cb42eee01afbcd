"""A flow with a bypassed node is, in all that runs, the flow without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file

from graftwork.documents.flow import Flow, Group, load_flow, read_flow, write_flow
from graftwork.documents.record import RunRecord
from graftwork.engine.build import build_flow
from graftwork.engine.folder import WEIGHTS, read_record
from graftwork.engine.preview.session import PreviewSession
from graftwork.engine.run import plan_flow, run_flow
from graftwork.engine.trained import load_run
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError, UnknownName
from graftwork.graph.bypass import without_bypassed

from ..conftest import TINY_BASE

TEXT = """
name: bypassed
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: gray, component: grayscale, is_bypassed: true}
- {id: backbone, component: backbone, settings: {base: BASE, strategy: some_layers}}
- {id: code, component: custom, is_bypassed: true, settings: {code: 'def (', inputs: [{name: x, kind: features}]}}
- {id: norm, component: layer_norm, is_bypassed: true, settings: {epsilon: -4}}
- {id: head, component: head}
- {id: objective, component: classification}
edges:
- [images.image, gray.image]
- [gray.image, backbone.image]
- [backbone.features, code.x]
- [code.features, norm.features]
- [norm.features, head.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
recipe: {epochs: 1, probe_epochs: 1, batch: 16, precision: float32, memory_format: contiguous}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "data")


@pytest.fixture
def flow(stripes: Path) -> Flow:
    return load_flow(TEXT.replace("SOURCE", str(stripes)).replace("BASE", TINY_BASE))


def _run(flow: Flow, name: str, workspace: Workspace) -> Path:
    folder = workspace.runs / name
    folder.mkdir(parents=True)
    write_flow(flow, folder / "flow.yaml")
    list(run_flow(flow, folder, workspace=workspace))
    return folder


def _record(folder: Path) -> RunRecord:
    found = read_record(folder)
    assert found is not None
    return found


def test_plan_run_and_predictions_are_those_of_the_flow_without_the_node(flow, stripes, workspace):
    plain = without_bypassed(flow)
    assert len(plain.nodes) == len(flow.nodes) - 3
    assert plan_flow(flow, workspace=workspace) == plan_flow(plain, workspace=workspace)
    one, two = _run(flow, "one", workspace), _run(plain, "two", workspace)
    weights, others = load_file(one / WEIGHTS), load_file(two / WEIGHTS)
    assert weights.keys() == others.keys()
    assert all(t.equal(others[k]) for k, t in weights.items())
    assert _record(one).metrics == _record(two).metrics
    assert read_flow(one / "flow.yaml") == flow  # the run keeps the flow as it was drawn
    model, other = (load_run(folder, workspace=workspace) for folder in (one, two))
    from PIL import Image

    picture = Image.open(next(stripes.glob("tall/*.png")))
    assert (model.predict_pil([picture]) == other.predict_pil([picture])).all()
    session = PreviewSession(workspace)
    trained = session.preview(flow, "head", run=one, number=2).document
    assert trained.stats == session.preview(plain, "head", run=two, number=2).document.stats
    assert trained.weights == "one"


def test_a_run_does_not_depend_on_titles_groups_and_places(flow, workspace):
    drawn = flow.edit(
        nodes=tuple(n.edit(title=f"My {n.id}") for n in flow.nodes),
        groups=(Group(id="front", nodes=("gray", "backbone"), is_collapsed=True),),
        layout={"gray": (10.0, 20.0)},
    )
    one, two = _run(flow, "one", workspace), _run(drawn, "two", workspace)
    assert (one / WEIGHTS).read_bytes() == (two / WEIGHTS).read_bytes()
    session = PreviewSession(workspace, keep_files=False)
    before = session.preview(flow, "head", number=2).document
    after = session.preview(drawn, "head", number=2).document
    assert (after.fingerprint, after.computed) == (before.fingerprint, ())


def test_a_preview_of_a_bypassed_node_is_what_passes_through(flow, workspace):
    session = PreviewSession(workspace, keep_files=False)
    before = session.preview(flow, "backbone", number=2).document
    for node, port in (("norm", "features"), ("code", "features")):
        passed = session.preview(flow, node, number=2).document
        assert (passed.node, passed.port, passed.stats) == (node, port, before.stats)
        assert passed.fingerprint == before.fingerprint
        assert passed.computed == ()
        assert any("bypassed" in note for note in passed.notes)
    assert session.preview(flow, "gray", number=2).document.kind == "image"
    with pytest.raises(UnknownName, match="gives nothing at 'odd'"):
        session.preview(flow, "norm", port="odd")


def test_a_bypassed_node_that_nothing_reaches_says_so(flow, workspace):
    loose = flow.edit(edges=tuple(e for e in flow.edges if str(e.target) != "gray.image"))
    with pytest.raises(FlowError, match="'gray' is bypassed, and nothing comes in"):
        PreviewSession(workspace).preview(loose, "gray")


def test_what_cannot_be_bypassed_is_never_built(flow, workspace):
    wrong = flow.edit(nodes=tuple(n.edit(is_bypassed=n.id == "head" or n.is_bypassed) for n in flow.nodes))
    with pytest.raises(FlowError, match="cannot be bypassed"):
        plan_flow(wrong, workspace=workspace)
    with pytest.raises(FlowError, match="Node 'head' cannot be bypassed"):
        build_flow(wrong, 3, workspace)
    with pytest.raises(FlowError, match="cannot be bypassed"):
        PreviewSession(workspace).preview(wrong, "head")
