"""What a flow of any shape is held to: its cache knows all values, its rules free what they name, no more."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import torch

from graftwork.documents.flow import Flow, load_flow
from graftwork.engine.boundary import Boundary, find_boundary, set_trainable, wire_key
from graftwork.engine.build import build_flow
from graftwork.engine.folder import read_record
from graftwork.engine.layer_rules import LayerRules
from graftwork.engine.network import Network, Sink, Step
from graftwork.engine.run import plan_flow
from graftwork.engine.shards import ShardStore
from graftwork.errors import FlowError, PlanError

from ..conftest import TINY_BASE
from .test_flows import BRANCHES, flow_of, run, workspace_in


def code_flow(
    source: Path, code: str, *, seed: int = 0, objective: str = "{}", component: str = "classification"
) -> Flow:
    return load_flow(f"""
name: code
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 16}}}}
- id: code
  component: custom
  settings:
    code: |
{textwrap.indent(code, "      ")}
- {{id: dense, component: dense}}
- {{id: objective, component: {component}, settings: {objective}}}
edges:
- [images.image, code.image]
- [code.features, dense.features]
- [dense.features, objective.{"features" if component == "anomaly" else "logits"}]
- [images.labels, objective.labels]
recipe: {{epochs: 1, seed: {seed}}}
""")


def test_numbers_that_code_draws_without_saying_so_are_part_of_the_cache_key(stripes, tmp_path):
    """They are no weights: the weights' digest does not tell two seeds apart."""
    code = "drawn = torch.randn(3, 5)\ndef forward(image):\n    return image.mean(dim=(2, 3)) @ drawn\n"
    keys = [
        wire_key(
            build_flow(code_flow(stripes, code, seed=s), 3, workspace_in(tmp_path)).network, "code.features"
        )
        for s in (0, 0, 1)
    ]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.bfloat16])
def test_values_of_any_kind_of_number_are_stored_as_they_are(dtype, tmp_path):
    store = ShardStore(tmp_path, (2, 2), str(dtype).removeprefix("torch."))
    values = (torch.arange(12).reshape(3, 2, 2) % 5).to(dtype)
    with store.writer() as writer:
        writer.append(["a", "b", "c"], values)
    found = store.gather(["c", "a"])
    assert found.dtype == dtype
    assert torch.equal(found, values[[2, 0]])


def test_a_norm_without_weights_that_follows_the_batch_is_not_stored():
    def boundary_with(norm: torch.nn.Module) -> Boundary:
        steps = [
            Step("norm", "norm", norm, ("i.image",), ("norm.out",), "new", "norm"),
            Step("linear", "linear", torch.nn.Linear(3, 3), ("norm.out",), ("linear.out",), "new", "linear"),
        ]
        return find_boundary(Network(steps, {}, [Sink("o", ("linear.out",))], image_wire="i.image"))

    assert boundary_with(torch.nn.BatchNorm2d(3, affine=False)).is_input
    assert boundary_with(torch.nn.Identity()).wires == ("norm.out",)


def test_a_part_that_no_objective_reads_is_refused_before_it_is_trained(stripes, tmp_path):
    text = BRANCHES.replace("- {id: dense,", "- {id: idle, component: dense}\n- {id: dense,").replace(
        "- [both.merged, dense.features]",
        "- [both.merged, dense.features]\n- [both.merged, idle.features]",
    )
    with pytest.raises((PlanError, FlowError), match="idle"):
        plan_flow(flow_of(text, stripes), workspace=workspace_in(tmp_path))


def test_an_anomaly_objective_alone_trains_nothing_and_says_so(stripes, tmp_path):
    code = "def forward(image):\n    return image.mean(dim=(2, 3))\n"
    with pytest.raises(PlanError, match="dense"):
        plan_flow(code_flow(stripes, code, component="anomaly"), workspace=workspace_in(tmp_path))


ANOMALY_BESIDE = """
name: beside
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: backbone, component: backbone, settings: {base: BASE}}
- {id: head, component: head}
- {id: objective, component: classification}
- {id: unusual, component: anomaly, settings: {normal_class: NORMAL}}
edges:
- [images.image, backbone.image]
- [backbone.features, head.features]
- [backbone.features, unusual.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
- [images.labels, unusual.labels]
recipe: {epochs: 1, precision: float32}
"""


def test_an_anomaly_objective_beside_another_learns_its_own_normal_class(stripes, tmp_path, monkeypatch):
    from graftwork.components.objectives import Anomaly

    seen: list[int] = []
    monkeypatch.setattr(Anomaly, "fit", lambda _self, values: seen.append(len(values)))
    flow = flow_of(ANOMALY_BESIDE.replace("NORMAL", "wide"), stripes)
    folder = run(flow, tmp_path)
    import pandas as pd

    samples = pd.read_parquet(folder / "samples.parquet")
    train = samples[samples.split == "train"]
    assert set(seen) == {int((train.label == sorted(samples.label.unique())[2]).sum())}


def test_the_objective_that_the_flow_names_first_is_the_main_one(stripes, tmp_path):
    """Not the one whose inputs are ready first."""
    network = build_flow(flow_of(ANOMALY_BESIDE, stripes), 3, workspace_in(tmp_path)).network
    assert [sink.node for sink in network.sinks] == ["objective", "unusual"]


def test_a_normal_class_that_the_data_lacks_is_refused(stripes, tmp_path):
    with pytest.raises(FlowError, match="no such class"):
        run(flow_of(ANOMALY_BESIDE.replace("NORMAL", "fine"), stripes), tmp_path)


def test_each_backbone_has_its_own_batch_norm_mode(stripes, tmp_path):
    text = BRANCHES.replace("strategy: some_layers", "strategy: all_layers, batch_norm: follow")
    text = text.replace("settings: {base: BASE}", "settings: {base: BASE, strategy: all_layers}")
    network = build_flow(flow_of(text, stripes), 3, workspace_in(tmp_path)).network
    set_trainable(network, {"one": "input", "two": "input"}, "held")
    network.train()
    norms = {
        node: [m.training for s in network.steps if s.node == node for m in s.module.modules() if _is_norm(m)]
        for node in ("one", "two")
    }
    assert norms["one"]
    assert not any(norms["one"])
    assert all(norms["two"])


def _is_norm(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.modules.batchnorm._BatchNorm)


class Block(torch.nn.Module):
    """A container with a weight of its own, like attention with its position bias."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(2))
        self.inner = torch.nn.Linear(2, 2)
        self.norm = torch.nn.BatchNorm1d(2)
        self.drop = torch.nn.Dropout(0.5)


@pytest.mark.parametrize("otherwise", [True, False])
def test_a_rule_frees_the_layers_that_it_names_whatever_stands_around_them(otherwise):
    stage = torch.nn.ModuleDict({"block": Block(), "other": torch.nn.Linear(2, 2)})
    rules = LayerRules(frozen=("block", "other"), free=("block.norm",))
    if not otherwise:
        from graftwork.engine.freeze import freeze

        freeze(stage)
    rules.apply("stage", stage, otherwise=otherwise)
    stage.train()
    assert {n for n, p in stage.named_parameters() if p.requires_grad} == {
        "block.norm.weight",
        "block.norm.bias",
    }
    assert stage["block"].norm.training
    assert not stage["block"].drop.training
    assert not stage["block"].inner.training


NUMBERS_INTO_HEAD = f"""
name: numbers
nodes:
- {{id: images, component: images, settings: {{source: SOURCE, size: 32, image_column: image, label_column: label, number_columns: [level, other]}}}}
- {{id: backbone, component: backbone, settings: {{base: "{TINY_BASE}"}}}}
- {{id: pooling, component: pooling}}
- {{id: both, component: merge, settings: {{how: concatenate}}}}
- {{id: head, component: head}}
- {{id: objective, component: classification}}
edges:
- [images.image, backbone.image]
- [backbone.features, pooling.features]
- [pooling.features, both.a]
- [images.numbers, both.b]
- [both.merged, head.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 1}}
"""


def test_a_head_that_also_reads_columns_is_standardized_with_them(tmp_path):
    from .test_label_kinds import make_table

    flow = load_flow(NUMBERS_INTO_HEAD.replace("SOURCE", str(make_table(tmp_path))))
    assert read_record(run(flow, tmp_path)).proof.holds
