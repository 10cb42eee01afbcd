"""Flows of any shape run: merged branches, further inputs, several objectives, layers frozen one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from graftwork.documents.flow import Flow, load_flow, write_flow
from graftwork.engine.boundary import find_boundary, set_trainable
from graftwork.engine.build import build_flow
from graftwork.engine.folder import read_plan, read_record
from graftwork.engine.freeze import is_batch_norm
from graftwork.engine.optim import trainable_tensors
from graftwork.engine.run import plan_flow, run_flow
from graftwork.engine.settings import cuts_of, read_settings
from graftwork.engine.trained import load_run
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError, PlanError, ShapeError

from ..conftest import TINY_BASE

BRANCHES = """
name: branches
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: one, component: backbone, settings: {base: BASE}}
- {id: two, component: backbone, settings: {base: BASE, strategy: some_layers}}
- {id: both, component: merge, settings: {how: concatenate}}
- {id: dense, component: dense}
- {id: onehot, component: one_hot}
- {id: objective, component: classification}
edges:
- [images.image, one.image]
- [images.image, two.image]
- [one.features, both.a]
- [two.features, both.b]
- [both.merged, dense.features]
- [dense.features, objective.logits]
- [images.labels, onehot.labels]
- [onehot.labels, objective.labels]
recipe: {epochs: 1, probe_epochs: 1, precision: float32}
"""


def flow_of(text: str, source: Path) -> Flow:
    return load_flow(text.replace("SOURCE", str(source)).replace("BASE", TINY_BASE))


def workspace_in(folder: Path) -> Workspace:
    return Workspace(folder / "cache", folder / "runs", folder / "data", folder)


def run(flow: Flow, folder: Path):
    run_folder = folder / "runs" / "r"
    run_folder.mkdir(parents=True)
    write_flow(flow, run_folder / "flow.yaml")
    for _ in run_flow(flow, run_folder, workspace=workspace_in(folder)):
        pass
    return run_folder


@pytest.fixture(scope="module")
def branches(stripes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("branches")
    return run(flow_of(BRANCHES, stripes), folder), folder


def test_two_backbones_train_each_by_its_own_strategy(branches):
    record, plan = read_record(branches[0]), read_plan(branches[0])
    assert record.status == "finished"
    assert record.proof.holds
    assert plan.phases[-1].cuts["one"] != plan.phases[-1].cuts["two"]
    groups = {t.split(".")[0] for g in plan.phases[-1].groups for t in g.tensors}
    assert groups == {"two", "dense"}


def test_the_cache_holds_a_value_for_each_wire_that_leaves_the_frozen_part(branches):
    plan = read_plan(branches[0])
    assert plan.phases[0].boundary == "both"  # merging changes nothing that could be trained
    assert plan.phases[1].boundary.count("+") == 1
    assert all(phase.from_cache for phase in plan.phases)


def test_a_branching_run_loads_and_predicts_what_it_wrote(branches):
    import pandas as pd

    folder, home = branches
    model = load_run(folder, workspace=workspace_in(home))
    table = pd.read_parquet(folder / "predictions.parquet")
    from graftwork.engine.prepare import open_data

    flow = load_flow((folder / "flow.yaml").read_text())
    images = open_data(read_settings(flow).images, 0, workspace_in(home))
    found = model.predict_images(images, images.of_split("test"))
    wrote = table[table.split == "test"][[f"p_{i}" for i in range(found.shape[1])]].to_numpy()
    assert abs(found - wrote).max() < 1e-5


SCRATCH = """
name: scratch
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 16}}
- {id: convolution, component: convolution, settings: {filters: 4, kernel: 3}}
- {id: pooling, component: pooling}
- {id: dense, component: dense}
- {id: objective, component: classification}
edges:
- [images.image, convolution.features]
- [convolution.features, pooling.features]
- [pooling.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {epochs: 1}
"""


def test_a_flow_without_a_base_is_trained_from_scratch(stripes, tmp_path):
    folder = run(flow_of(SCRATCH, stripes), tmp_path)
    record, plan = read_record(folder), read_plan(folder)
    assert (record.base, record.strategy, record.card) == ("none", "from_scratch", None)
    assert record.proof.frozen_tensors == 0
    assert record.proof.holds
    assert not plan.cache.is_used


def test_what_does_not_fit_is_refused_with_its_node(stripes, tmp_path):
    text = SCRATCH.replace(
        "[convolution.features, pooling.features]", "[convolution.features, dense.features]"
    )
    text = text.replace("- [pooling.features, dense.features]\n", "").replace(
        "- {id: pooling, component: pooling}\n", ""
    )
    with pytest.raises((ShapeError, FlowError)) as caught:
        plan_flow(flow_of(text, stripes), workspace=workspace_in(tmp_path))
    assert "objective" in str(caught.value)


TRANSFER = BRANCHES.replace(
    "- {id: two, component: backbone, settings: {base: BASE, strategy: some_layers}}\n", ""
)


def transfer(stripes, **settings) -> Flow:
    from graftwork.graph.flows import transfer_flow

    return transfer_flow(str(stripes), base=TINY_BASE, image_size=32, **settings)


def network_of(flow: Flow, folder: Path):
    built = build_flow(flow, 3, workspace_in(folder))
    cuts = cuts_of(read_settings(flow), built.network)
    set_trainable(built.network, cuts, "held")
    return built.network, cuts


def test_one_unfrozen_layer_moves_the_boundary_and_nothing_else(stripes, tmp_path):
    plain, cuts = network_of(transfer(stripes), tmp_path)
    names = plain.base.stage_names()
    layer = next(n for n, _ in plain.base.stages[-3].module.named_modules() if "conv_pwl" in n)
    network, moved = network_of(transfer(stripes, unfreeze=[layer]), tmp_path)
    assert cuts == moved == {"backbone": names[-1]}
    free = {n.removeprefix("base.") for n in trainable_tensors(network) if n.startswith("base.")}
    assert free
    assert all(n.startswith(layer) for n in free)
    assert find_boundary(plain).name == names[-1]
    assert find_boundary(network).name == names[-4]
    assert not any(m.training for m in network.train().parts[-4].modules() if is_batch_norm(m))


def test_one_frozen_layer_in_a_free_stage_stays(stripes, tmp_path):
    plain, _ = network_of(transfer(stripes, strategy="all_layers"), tmp_path)
    layer = next(n for n, m in plain.base.module.named_modules() if isinstance(m, torch.nn.Conv2d))
    network, _ = network_of(transfer(stripes, strategy="all_layers", freeze=[layer]), tmp_path)
    parameters = {n for n, t in network.tensors().items() if isinstance(t, torch.nn.Parameter)}
    kept = {n.removeprefix("base.") for n in parameters - set(trainable_tensors(network))}
    assert kept
    assert all(n.startswith(layer) for n in kept)


def test_a_pattern_that_names_nothing_is_refused(stripes, tmp_path):
    with pytest.raises(PlanError, match="names no stage"):
        network_of(transfer(stripes, unfreeze=["blocks.77"]), tmp_path)


def test_a_base_can_end_before_its_last_stage(stripes, tmp_path):
    whole, _ = network_of(transfer(stripes), tmp_path)
    last = whole.base.stage_names()[-2]
    network, _ = network_of(transfer(stripes, last_stage=last), tmp_path)
    assert network.base.stage_names()[-1] == last
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network.base.rest(network.base.features(x, last), last), whole.base.module(x))
