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
