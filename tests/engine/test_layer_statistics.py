"""What reaches batch-norm layers, and what a step keeps: against what torch itself says."""

from __future__ import annotations

import pytest
import torch
from tests.conftest import TINY_BASE
from torch import nn

from graftwork.documents.flow import Flow
from graftwork.engine.layer_statistics import batch_norm_statistics
from graftwork.engine.prepare import open_data, prepare
from graftwork.engine.settings import read_settings
from graftwork.engine.sources import ImageSource
from graftwork.engine.step_memory import step_memory
from graftwork.engine.workspace import Workspace
from graftwork.graph.flows import transfer_flow


def prepared(stripes, tmp_path, strategy):
    flow: Flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, strategy=strategy)
    flow = flow.edit(recipe=flow.recipe.edit(precision="float32", memory_format="contiguous"))
    workspace = Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "data")
    images = open_data(read_settings(flow).images, 0, workspace)
    return prepare(flow, images, workspace, compute=None), images


def test_statistics_are_those_that_torch_would_take_over(stripes, tmp_path):
    """A layer in training mode with momentum 1 keeps exactly the statistics of its batch."""
    found, images = prepared(stripes, tmp_path, "head_only")
    network, node = found.network, found.network.main.node
    source = ImageSource(
        images,
        list(range(12)),
        found.transform,
        augmenter=None,
        store=None,
        compute=found.plan.compute,
        wire=network.image_wire,
    )
    before = {k: t.clone() for k, t in network.tensors().items()}
    said = batch_norm_statistics(network, node, source, found.plan.compute)
    assert all(torch.equal(t, before[k]) for k, t in network.tensors().items())
    layers = [
        m for s in network.main.base.stages for m in s.module.modules() if isinstance(m, nn.BatchNorm2d)
    ]
    assert len(said) == len(layers)
    first = layers[0]
    got = []
    hook = first.register_forward_pre_hook(lambda _, inputs: got.append(inputs[0].clone()))
    with torch.no_grad():
        network.run(source.batch(torch.arange(12).numpy(), 0), network.measured_wires())
    hook.remove()
    twin = nn.BatchNorm2d(first.num_features, momentum=1.0).train()
    twin(got[0])
    count = got[0].numel() / first.num_features
    assert torch.allclose(torch.from_numpy(said[0].mean).float(), twin.running_mean, atol=1e-5)
    assert torch.allclose(
        torch.from_numpy(said[0].variance * count / (count - 1)).float(), twin.running_var, rtol=1e-4
    )
    assert torch.equal(torch.from_numpy(said[0].kept_mean).float(), first.running_mean)


def test_a_step_s_memory_is_its_parts(stripes, tmp_path):
    found, _ = prepared(stripes, tmp_path, "head_only")
    network, compute = found.network, found.plan.compute
    shape = (3, 32, 32)
    weights = sum(t.numel() * t.element_size() for t in network.tensors().values())
    head = sum(p.numel() for p in network.parameters() if p.requires_grad) * 4
    small, large = (step_memory(network, shape, batch, "adamw", compute) for batch in (2, 20))
    per_image = (large - small) / 18
    assert small == pytest.approx(weights + 3 * head + 2 * per_image, abs=64)
    assert step_memory(network, shape, 2, "sgd", compute) == small - head
    assert per_image < 4 * 4 * sum(
        p.numel() for p in network.parameters() if p.requires_grad
    )  # nothing of the base


def test_unfrozen_stages_keep_what_their_gradients_need(stripes, tmp_path):
    found, _ = prepared(stripes, tmp_path, "all_layers")
    modes = [m.training for m in found.network.modules()]
    kept = step_memory(found.network, (3, 32, 32), 2, "adamw", found.plan.compute)
    double = step_memory(found.network, (3, 64, 64), 2, "adamw", found.plan.compute)
    weights = 4 * sum(t.numel() for t in found.network.parameters()) * 4
    assert double - weights > 3 * (kept - weights) > 0  # four times the places
    assert [m.training for m in found.network.modules()] == modes
