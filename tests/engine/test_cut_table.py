"""The cut table says what plans say, from one open network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.cuts import CutCost, CutTable
from graftwork.documents.flow import Edge, Flow, Node, load_flow
from graftwork.documents.plan import INPUT_CUT, Plan
from graftwork.documents.recipe import Recipe
from graftwork.engine import cut_table as module
from graftwork.engine.cut_table import cut_table, table_of
from graftwork.engine.prepare import open_data, prepare
from graftwork.engine.run import plan_flow
from graftwork.engine.settings import read_settings
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError, PlanError, UnknownName
from graftwork.graph.flows import transfer_flow

from ..conftest import TINY_BASE

TWO = """
name: two
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: one, component: backbone, settings: {base: BASE, strategy: some_layers}}
- {id: two, component: backbone, settings: {base: BASE, strategy: head_only}}
- {id: both, component: merge, settings: {how: concatenate}}
- {id: dense, component: dense}
- {id: objective, component: classification}
edges:
- [images.image, one.image]
- [images.image, two.image]
- [one.features, both.a]
- [two.features, both.b]
- [both.merged, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "data")


def _flow(stripes: Path, recipe: Recipe | None = None, **settings: Any) -> Flow:
    return transfer_flow(
        str(stripes), base=TINY_BASE, image_size=32, recipe=recipe or Recipe(epochs=3), **settings
    )


def _agrees(row: CutCost, plan: Plan, node: str) -> None:
    """The law: the row of a cut holds the numbers of the plan of a flow with this cut."""
    of_node = next(n for n in plan.nodes if n.node == node)
    assert row.is_legal
    assert row.frozen_parameters == of_node.num_parameters - of_node.num_trainable
    assert row.trainable_parameters == plan.num_trainable
    assert (row.cache_bytes, row.cache_is_used) == (plan.cache.bytes, plan.cache.is_used)
    assert row.cache_reason == plan.cache.reason
    assert row.estimated_seconds == plan.estimated_seconds


@pytest.mark.parametrize(
    ("settings", "recipe"),
    [
        ({"strategy": "head_only"}, {}),
        ({"strategy": "some_layers"}, {}),
        ({"strategy": "most_layers", "batch_norm": "follow"}, {"probe_first": False}),
        ({"strategy": "all_layers"}, {"augment": "light"}),
        ({"strategy": "probe_then_tune"}, {}),
        ({"strategy": "from_scratch"}, {}),
        ({"strategy": "some_layers", "unfreeze": ["*bn*"]}, {"feature_cache": "off"}),
        ({"strategy": "most_layers", "moving": "norm"}, {"stage_rates": "auto_rgn"}),
        ({"strategy": "some_layers", "moving": "lora", "lora_rank": 3}, {"unfreeze_every": 1, "epochs": 9}),
    ],
)
def test_each_row_is_the_plan_of_that_cut(settings, recipe, stripes, workspace):
    flow = _flow(stripes, Recipe(**{"epochs": 3, **recipe}), **settings)
    table = cut_table(flow, "backbone", workspace)
    present = plan_flow(flow, workspace=workspace)
    assert table.current == present.cut
    row = table.at(present.cut)
    assert row is not None
    assert row.strategy == settings["strategy"]
    _agrees(row, present, "backbone")
    legal = [r for r in table.cuts if r.is_legal and r.cut != present.cut]
    for other in (legal[0], legal[len(legal) // 2], legal[-1]):
        edited = flow.with_settings("backbone", cut=other.cut, strategy=other.strategy)
        _agrees(other, plan_flow(edited, workspace=workspace), "backbone")


def test_rows_without_only_stages_are_those_of_plain_cuts(stripes, workspace):
    """The present row is the surgical choice; to take another cut is to leave that choice."""
    flow = _flow(stripes, strategy="some_layers", only_stages=["blocks.1"])
    table = cut_table(flow, "backbone", workspace)
    present = plan_flow(flow, workspace=workspace)
    row = table.at("blocks.0")
    assert table.current == "blocks.0" == present.cut
    assert row is not None
    _agrees(row, present, "backbone")
    other = table.at("blocks.2")
    assert other is not None
    plain = _flow(stripes, strategy=other.strategy, cut="blocks.2")
    _agrees(other, plan_flow(plain, workspace=workspace), "backbone")


def test_a_survey_of_lora_leaves_the_network_as_it_was(stripes, workspace):
    flow = _flow(stripes, strategy="some_layers", moving="lora", lora_rank=3)
    settings = read_settings(flow)
    images = open_data(settings.images, 0, workspace)
    prepared = prepare(flow, images, workspace, compute=None)
    before = set(prepared.network.tensors())
    table = table_of(prepared, flow, "backbone", workspace)
    assert set(prepared.network.tensors()) == before
    last = table.cuts[-1]
    assert not last.is_legal
    assert "head_only freezes" in str(last.why_not)


def test_rows_stand_from_input_to_output_and_freeze_more_and_more(stripes, workspace):
    table = cut_table(_flow(stripes), "backbone", workspace)
    assert table.cuts[0].cut == INPUT_CUT
    assert table.cuts[0].strategy == "all_layers"
    assert table.cuts[-1].cut == table.current
    assert table.cuts[-1].strategy == "head_only"
    frozen = [row.frozen_parameters for row in table.cuts]
    assert frozen == sorted(frozen)
    totals = {row.frozen_parameters + row.trainable_parameters for row in table.cuts}
    assert len(totals) == 1  # what is not frozen may move


ODD = """
name: odd
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: backbone, component: backbone, settings: {base: BASE, strategy: head_only}}
- {id: objective, component: anomaly}
edges:
- [images.image, backbone.image]
- [backbone.features, objective.features]
- [images.labels, objective.labels]
"""


def test_every_cut_that_is_not_legal_is_refused_by_the_plan_and_says_why(stripes, workspace):
    flow = load_flow(ODD.replace("SOURCE", str(stripes)).replace("BASE", TINY_BASE))
    rows = cut_table(flow, "backbone", workspace).cuts
    bad = [row for row in rows if not row.is_legal]
    assert len(bad) == len(rows) - 1  # nothing can be trained by slopes, so only the last cut is legal
    for row in bad:
        assert row.why_not
        assert row.estimated_seconds == 0
        with pytest.raises((FlowError, PlanError)):
            plan_flow(flow.with_settings("backbone", cut=row.cut, strategy=row.strategy), workspace=workspace)


def test_a_base_beside_another_has_a_table_of_its_own(stripes, workspace):
    flow = load_flow(TWO.replace("SOURCE", str(stripes)).replace("BASE", TINY_BASE))
    for node in ("one", "two"):
        table = cut_table(flow, node, workspace)
        rows = [r for r in table.cuts if r.is_legal][::3]
        assert len(rows) > 1
        for row in rows:
            edited = flow.with_settings(node, cut=row.cut, strategy=row.strategy)
            _agrees(row, plan_flow(edited, workspace=workspace), node)


def test_one_network_serves_all_cuts_and_is_left_as_it_was(stripes, workspace, monkeypatch):
    flow = _flow(stripes, strategy="from_scratch")
    settings = read_settings(flow)
    prepared = prepare(flow, open_data(settings.images, 0, workspace), workspace, compute=None)
    monkeypatch.setattr(module, "prepare", None)  # nothing is built or measured again
    before = prepared.network.bases["backbone"]
    table = table_of(prepared, flow, "backbone", workspace)
    assert prepared.network.bases["backbone"] is before
    assert table == table_of(prepared, flow, "backbone", workspace)
    moved = flow.with_settings("backbone", strategy="from_scratch", cut=INPUT_CUT)
    assert isinstance(table_of(prepared, moved, "backbone", workspace), CutTable)
    assert table.notes


def test_a_node_without_a_cut_is_refused_with_words(stripes, workspace):
    flow = _flow(stripes)
    with pytest.raises(FlowError, match="a cut is a setting of a backbone"):
        cut_table(flow, "head", workspace)
    with pytest.raises(UnknownName, match="no node 'bakbone'") as caught:
        cut_table(flow, "bakbone", workspace)
    assert "backbone" in (caught.value.hint or "")


def test_a_part_that_no_objective_reads_makes_a_cut_illegal(stripes, workspace):
    """Only the whole base can be frozen when nothing learns from it by slopes."""
    base = _flow(stripes)
    nodes = tuple(n for n in base.nodes if n.id in ("images", "backbone"))
    wires = (("images.image", "backbone.image"), ("backbone.features", "odd.features"))
    flow = base.edit(
        nodes=(*nodes, Node(id="odd", component="anomaly", settings={"normal_class": "flat"})),
        edges=tuple(Edge.model_validate({"source": a, "target": b}) for a, b in wires),
    )
    flow = flow.edit(
        edges=(*flow.edges, Edge.model_validate({"source": "images.labels", "target": "odd.labels"}))
    )
    table = cut_table(flow, "backbone", workspace)
    assert [r.cut for r in table.cuts if r.is_legal] == [table.current]
    assert "no objective" in (table.cuts[0].why_not or "")
