"""What moves in free stages: norms, biases, low-rank changes. The rest stays, bit for bit."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from graftwork.bases import open_base
from graftwork.engine.trained import load_run
from graftwork.errors import FlowError, PlanError

from ..conftest import TINY_BASE

MODES = ["norm", "bias", "lora"]
VIT = "random:timm:test_vit"


def fresh_base(name: str = TINY_BASE):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return open_base(name, image_size=32)


@pytest.mark.parametrize("batch_norm", ["held", "follow"])
@pytest.mark.parametrize("moving", MODES)
def test_only_what_is_named_moves(run, moving, batch_norm):
    if (moving, batch_norm) == ("lora", "follow"):
        batch_norm = "adapt"
    extra = {"lora_rank": 2} if moving == "lora" else {}
    outcome = run(strategy="all_layers", moving=moving, batch_norm=batch_norm, **extra)
    assert outcome.record.proof.holds
    saved, base = load_file(outcome.folder / "weights.safetensors"), fresh_base()
    layers = dict(base.module.named_modules())
    moved = {
        name
        for stage in base.stage_names()
        for name, tensor in base.tensors_of(stage).items()
        if isinstance(tensor, torch.nn.Parameter) and not torch.equal(saved[f"base.{name}"], tensor)
    }
    own = {name for stage in base.stage_names() for name in base.tensors_of(stage)}
    wanted = {
        "norm": {n for n in own if "BatchNorm" in type(layers[n.rpartition(".")[0]]).__name__},
        "bias": {n for n in own if n.endswith(".bias")},
        "lora": set(),
    }[moving]
    assert moved == {n for n in wanted if n.endswith((".weight", ".bias"))}


def network_of(workspace, source, **settings):
    from graftwork.engine.build import build_flow
    from graftwork.graph.flows import transfer_flow

    choices = {"base": TINY_BASE, "image_size": 32, **settings}
    return build_flow(transfer_flow(str(source), **choices), 3, workspace).network.eval()


@pytest.fixture
def workspace(tmp_path):
    from graftwork.engine.workspace import Workspace

    return Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "data")


def set_b(network, seed=1):
    """Give each change a B that is not zero, as training would."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.tensors().items():
            if name.endswith(".lora.b"):
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.1)


@pytest.mark.parametrize("base", [TINY_BASE, VIT])
@pytest.mark.parametrize("numbers", ["float32", "bfloat16 and channels last"])
def test_lora_starts_as_the_base_bit_for_bit_and_merges_into_equal_outputs(workspace, stripes, base, numbers):
    from graftwork.bases.low_rank import low_rank_of, merge_low_rank

    size = {} if base == TINY_BASE else {"image_size": 160}
    plain = network_of(workspace, stripes, base=base, strategy="all_layers", **size)
    changed = network_of(
        workspace,
        stripes,
        base=base,
        strategy="all_layers",
        moving="lora",
        lora_rank=3,
        lora_alpha=5.0,
        **size,
    )
    assert any(low_rank_of(m) for m in changed.modules())
    side = changed.base.card.port.height
    images = torch.randn(3, 3, side, side, generator=torch.Generator().manual_seed(0))
    is_low = numbers != "float32"
    if is_low:
        images = images.to(memory_format=torch.channels_last)

    def outputs(network):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=is_low):
            return network(images)

    assert torch.equal(outputs(plain), outputs(changed))
    set_b(changed)
    unmerged = outputs(changed)
    assert not torch.allclose(unmerged, outputs(plain))
    merge_low_rank(changed)
    assert not any(low_rank_of(m) for m in changed.modules())
    assert torch.equal(outputs(changed), unmerged)
    assert changed.tensors().keys() == plain.tensors().keys()


@pytest.mark.parametrize(
    "layer",
    [
        torch.nn.Linear(7, 5),
        torch.nn.Conv2d(6, 8, 3, bias=False),
        torch.nn.Conv2d(8, 12, (3, 2), groups=4),
        torch.nn.Conv2d(9, 9, 3, groups=9),
    ],
    ids=["linear", "convolution", "grouped", "depthwise"],
)
def test_a_change_is_alpha_over_r_times_b_a_and_counts_r_times_in_and_out(layer):
    """Against the formula in plain loops, on the weight as a matrix."""
    from graftwork.bases.low_rank import LowRank, add_low_rank, drop_low_rank

    rank, alpha = 2, 3.0
    before = layer.weight.detach().clone()
    rows, columns = len(before), before[0].numel()
    change = LowRank(tuple(before.shape), rank, alpha, seed=4)
    add_low_rank(layer, change)
    assert sum(p.numel() for p in change.parameters()) == rank * (rows + columns)
    assert torch.equal(layer.weight, before)
    with torch.no_grad():
        change.b.copy_(torch.arange(rows * rank).reshape(rows, rank) / 10)
    a, b = change.a.detach(), change.b.detach()
    flat, now = before.reshape(rows, columns), layer.weight.detach().reshape(rows, columns)
    for i in range(rows):
        for j in range(columns):
            added = sum(float(b[i, k]) * float(a[k, j]) for k in range(rank)) * alpha / rank
            assert float(now[i, j]) == pytest.approx(float(flat[i, j]) + added, abs=1e-5)
    drop_low_rank(layer)
    assert torch.equal(layer.weight, before)


def test_an_attention_module_that_reads_the_weight_itself_is_changed_too():
    """``nn.MultiheadAttention`` never calls its output projection; a change of the layer's output would be lost."""
    from graftwork.bases.low_rank import LowRank, add_low_rank

    torch.manual_seed(0)
    attention = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.randn(2, 5, 8)
    before = attention(x, x, x)[0]
    change = LowRank((8, 8), 2, 2.0, seed=0)
    add_low_rank(attention.out_proj, change)
    assert torch.equal(attention(x, x, x)[0], before)
    with torch.no_grad():
        change.b.fill_(0.3)
    after = attention(x, x, x)[0]
    assert not torch.allclose(after, before)
    loss = after.square().sum()
    loss.backward()
    assert change.a.grad is not None
    assert change.a.grad.abs().sum() > 0


def test_a_lora_run_keeps_the_base_moves_a_and_b_and_predicts_merged(run):
    import pandas as pd

    outcome = run(strategy="most_layers", moving="lora", lora_rank=2, lora_layers="*.conv_pwl,conv_head")
    proof = outcome.record.proof
    saved, base = load_file(outcome.folder / "weights.safetensors"), fresh_base()
    for stage in base.stage_names():
        for name, tensor in base.tensors_of(stage).items():
            assert torch.equal(saved[f"base.{name}"], tensor), name
    changed = {n.removesuffix(".lora.a") for n in saved if n.endswith(".lora.a")}
    assert changed == {
        f"base.{n}"
        for n in (
            "blocks.1.0.conv_pwl",
            "blocks.2.0.conv_pwl",
            "blocks.3.0.conv_pwl",
            "blocks.4.0.conv_pwl",
            "conv_head",
        )
    }
    assert all(saved[f"{n}.lora.b"].any() for n in changed)
    shapes = {n: saved[f"{n}.weight"].shape for n in changed}
    added = sum(2 * (s[0] + s[1] * s[2] * s[3]) for s in shapes.values())
    plan = outcome.of("plan_made")[0].plan
    assert sum(s.moving for s in plan.stages) == added == sum(s.num_added for s in plan.stages)
    assert plan.num_frozen == outcome.record.card.num_parameters
    head = saved["head.linear.weight"].numel() + saved["head.linear.bias"].numel()
    assert proof.trainable_values == added + head

    model = load_run(outcome.folder, workspace=outcome.workspace)
    told = pd.read_parquet(outcome.folder / "predictions.parquet")
    from graftwork.documents.flow import read_flow
    from graftwork.engine.prepare import open_data
    from graftwork.engine.settings import read_settings

    flow = read_flow(outcome.folder / "flow.yaml")
    images = open_data(read_settings(flow).images, flow.recipe.seed, outcome.workspace)
    said = model.predict_images(images, images.of_split("test"))
    in_file = told[told["split"] == "test"][[c for c in told if c.startswith("p_")]].to_numpy()
    assert abs(said - in_file).max() < 1e-5


def test_the_run_of_a_lora_run_starts_from_merged_weights(run):
    outcome = run(strategy="all_layers", moving="lora", lora_rank=2)
    saved = load_file(outcome.folder / "weights.safetensors")
    base = open_base(f"run:{outcome.folder.name}", image_size=32, runs=outcome.workspace.runs)
    for name, tensor in base.module.state_dict().items():
        key = f"base.{name}"
        if key not in saved:
            continue
        wanted = saved[key].double()
        layer = key.removesuffix(".weight")
        if f"{layer}.lora.a" in saved and key.endswith(".weight"):
            a, b, scale = (saved[f"{layer}.lora.{n}"].double() for n in ("a", "b", "scale"))
            wanted = wanted + (b @ a).reshape(wanted.shape) * scale
        torch.testing.assert_close(tensor.double(), wanted, rtol=0, atol=1e-6, msg=name)
    again = run("b", base=f"run:{outcome.folder.name}", strategy="head_only")
    assert again.record.proof.holds


def test_frozen_stages_with_and_without_lora_share_stored_features(run):
    first = run("a", strategy="some_layers")
    second = run("b", strategy="some_layers", moving="lora", lora_rank=2)
    assert [p.name for p in second.of("plan_made")[0].plan.phases] == ["probe", "main"]
    assert first.record.cost.base_images > 0
    assert second.record.cost.base_images == 0


REFUSED = {
    "head_only": ({"strategy": "head_only", "moving": "lora"}, "head_only freezes"),
    "norms under head_only": ({"strategy": "head_only", "moving": "norm"}, "head_only freezes"),
    "from_scratch": ({"strategy": "from_scratch", "moving": "lora"}, "from scratch"),
    "bias from_scratch": ({"strategy": "from_scratch", "moving": "bias"}, "from scratch"),
    "no such layer": (
        {"strategy": "all_layers", "moving": "lora", "lora_layers": ["conv_hat"]},
        "names no free layer",
    ),
    "a frozen layer": (
        {"strategy": "some_layers", "moving": "lora", "lora_layers": ["conv_stem"]},
        "names no free layer",
    ),
    "a norm": (
        {"strategy": "all_layers", "moving": "lora", "lora_layers": ["bn1"]},
        "neither a linear layer",
    ),
    "rank of a named layer": (
        {"strategy": "all_layers", "moving": "lora", "lora_layers": ["conv_head"], "lora_rank": 60},
        "256 × 64",
    ),
    "rank of all": ({"strategy": "all_layers", "moving": "lora", "lora_rank": 500}, "no layer .* bears"),
    "follow": ({"strategy": "all_layers", "moving": "lora", "batch_norm": "follow"}, "no batch-norm layer"),
    "no norms": (
        {"strategy": "all_layers", "moving": "norm", "base": "random:timm:test_nfnet"},
        "have no normalization",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_do_nothing_is_refused(run, case):
    settings, words = REFUSED[case]
    with pytest.raises(PlanError, match=words) as caught:
        run(**settings)
    assert caught.value.hint


def test_settings_of_lora_without_lora_are_a_problem_of_the_node(run):
    with pytest.raises(FlowError, match="lora_rank"):
        run(strategy="all_layers", lora_rank=4)


def test_a_stage_without_biases_is_named_in_the_plan(run):
    plan = run(strategy="all_layers", moving="bias").of("plan_made")[0].plan
    assert any("only biases move" in note for note in plan.notes)
    lora = run("b", strategy="all_layers", moving="lora", lora_rank=8).of("plan_made")[0].plan
    assert any("Without LoRA" in note and "blocks.3.0.se.conv_reduce" in note for note in lora.notes)


def test_lora_with_one_update_in_an_epoch_and_no_decay_is_refused(run):
    """A has no slope as long as B is zero, so the best epoch, the first, would have moved B alone."""
    recipe = {"batch": 64, "weight_decay": 0.0}
    with pytest.raises(PlanError, match="A has no slope"):
        run(strategy="all_layers", moving="lora", lora_rank=2, recipe=recipe)
    decayed = run("b", strategy="all_layers", moving="lora", lora_rank=2, recipe={"batch": 64, "epochs": 1})
    assert decayed.record.proof.holds


@pytest.mark.parametrize("polls", [7, 13])
def test_a_killed_lora_run_resumes_bit_for_bit(run, polls):
    from .test_run_laws import Killed, _kill_after

    recipe = {
        "checkpoint_seconds": 1e-9,
        "batch": 12,
        "precision": "bfloat16",
        "memory_format": "channels_last",
    }
    choices = {"strategy": "most_layers", "moving": "lora", "lora_rank": 2, "dropout": 0.3, "recipe": recipe}
    whole = run("whole", **choices)
    with pytest.raises(Killed):
        run("killed", stop=_kill_after(polls), **choices)
    resumed = run("killed", **choices)
    assert resumed.digest == whole.digest
    assert resumed.record.proof == whole.record.proof
    assert whole.record.proof.holds


def test_few_parameters_get_the_rate_of_new_weights_unless_told(run):
    def rates(name, **choices):
        return {g.learning_rate for g in run(name, **choices).of("plan_made")[0].plan.phases[-1].groups}

    assert rates("a", strategy="all_layers", moving="norm") == {1e-3}
    assert rates("b", strategy="all_layers") == {1e-4}
    assert rates("c", strategy="all_layers", moving="bias", recipe={"learning_rate": 2e-4}) == {2e-4}
