"""Surgical choice: the stages that are named move, all before and after them stays."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from graftwork.errors import PlanError

from ..conftest import TINY_BASE
from .test_moving import fresh_base


@pytest.mark.parametrize(
    ("names", "cut"),
    [
        (["stem"], "input"),
        (["blocks.2"], "blocks.1"),
        (["blocks.1", "blocks.4"], "blocks.0"),
        (["conv_head"], "blocks.4"),
    ],
    ids=["first", "middle", "two", "last"],
)
def test_only_the_named_stages_move_and_frozen_statistics_are_held(run, names, cut):
    outcome = run(strategy="some_layers", only_stages=names, batch_norm="follow")
    assert outcome.record.proof.holds
    plan = outcome.of("plan_made")[0].plan
    assert plan.cut == cut
    assert [s.name for s in plan.stages if not s.is_frozen and s.num_parameters] == names
    assert plan.phases[-1].boundary == cut
    assert plan.phases[-1].from_cache == (cut != "input")
    saved, base = load_file(outcome.folder / "weights.safetensors"), fresh_base()
    for stage in base.stage_names():
        for name, tensor in base.tensors_of(stage).items():
            is_same = torch.equal(saved[f"base.{name}"], tensor)
            assert is_same != (stage in names), name


def test_it_says_the_same_as_a_cut_and_names_to_freeze(run):
    """There is one mechanism: what it is compiled to gives the same weights."""
    one = run("one", strategy="some_layers", only_stages=["blocks.3"])
    two = run("two", strategy="some_layers", cut="blocks.2", freeze=["blocks.4", "conv_head"])
    assert one.digest == two.digest


def test_patterns_and_texts_of_a_command_line_name_stages(run):
    from graftwork.graph.contracts import BackboneSettings

    assert BackboneSettings(only_stages="stem, blocks.4").only_stages == ("stem", "blocks.4")
    outcome = run(strategy="most_layers", only_stages=["blocks.[34]"])
    plan = outcome.of("plan_made")[0].plan
    assert [s.name for s in plan.stages if not s.is_frozen and s.num_parameters] == ["blocks.3", "blocks.4"]


def test_a_frozen_stage_after_the_free_one_is_in_inference_mode_as_a_whole(tmp_path, stripes):
    """Also its parts without tensors: dropout and stochastic depth in it are off."""
    from graftwork.engine.boundary import set_trainable
    from graftwork.engine.build import build_flow
    from graftwork.engine.settings import cuts_of, read_settings
    from graftwork.engine.workspace import Workspace
    from graftwork.graph.flows import transfer_flow

    flow = transfer_flow(
        str(stripes), base=TINY_BASE, image_size=32, strategy="some_layers", only_stages=["blocks.1"]
    )
    workspace = Workspace(cache=tmp_path / "c", runs=tmp_path / "r", index=tmp_path / "d")
    network = build_flow(flow, 3, workspace).network
    set_trainable(network, cuts_of(read_settings(flow), network), "held")
    network.train()
    for stage in network.base.stages:
        modes = {m.training for name, m in stage.module.named_modules() if name and not list(m.children())}
        if modes:  # the free stage's batch-norm is held, its activation is not
            assert (True in modes) == (stage.name == "blocks.1"), stage.name


REFUSED = {
    "with a cut": ({"strategy": "some_layers", "cut": "stem", "only_stages": ["blocks.1"]}, "both say"),
    "head_only": ({"strategy": "head_only", "only_stages": ["blocks.1"]}, "freezes the whole base"),
    "all_layers": ({"strategy": "all_layers", "only_stages": ["blocks.1"]}, "trains the whole base"),
    "from_scratch": ({"strategy": "from_scratch", "only_stages": ["blocks.1"]}, "trains the whole base"),
    "unknown": ({"strategy": "some_layers", "only_stages": ["blocs.1"]}, "names no stage"),
    "no parameters": ({"strategy": "some_layers", "only_stages": ["pool"]}, "has no parameters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_contradictions_are_refused_and_name_the_node(run, case):
    settings, words = REFUSED[case]
    with pytest.raises(PlanError, match=words) as caught:
        run(**settings)
    assert caught.value.hint
    assert caught.value.node == "backbone"
