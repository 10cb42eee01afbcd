"""Models that are no classifiers, made by code in the flow: a discriminator, an autoencoder's encoder."""

from __future__ import annotations

import textwrap

import pytest
import torch
from safetensors.torch import load_file

from graftwork.bases import digest_tensors
from graftwork.documents.flow import load_flow
from graftwork.engine.build import build_flow
from graftwork.engine.folder import read_plan, read_record
from graftwork.engine.trained import load_run

from .test_flows import run, workspace_in

DISCRIMINATOR = """
class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2))
        self.block2 = nn.Sequential(nn.Conv2d(8, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2))
        self.score = nn.Conv2d(16, 1, 8)

    def forward(self, image):
        return self.score(self.block2(self.block1(image))).flatten(1)

model = Discriminator()
for parameter in model.block1.parameters():
    parameter.requires_grad = False
"""

ENCODER = """
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.Conv2d(6, 12, 3, 2, 1), nn.ReLU())
        self.decoder = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(12, 3, 3, 1, 1))

    def forward(self, image):
        return self.decoder(self.encoder(image))

def build(settings):
    whole = Autoencoder()
    whole.encoder.requires_grad_(False)
    return nn.Sequential(whole.encoder, nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


def flow_of(code: str, source):
    return load_flow(f"""
name: own
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 32}}}}
- id: own
  component: custom
  settings:
    code: |
{textwrap.indent(code, "      ")}
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, own.image]
- [own.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 1, probe_epochs: 1}}
""")


@pytest.mark.parametrize(
    ("code", "strategy"), [(DISCRIMINATOR, "some_layers"), (ENCODER, "head_only")], ids=["gan", "encoder"]
)
def test_own_modules_open_freeze_train_and_load(code, strategy, stripes, tmp_path):
    folder = run(flow_of(code, stripes), tmp_path)
    record, plan = read_record(folder), read_plan(folder)
    assert record.strategy == strategy
    assert len(plan.stages) > 2
    assert record.proof.holds
    assert record.proof.frozen_tensors
    assert plan.phases[0].from_cache
    model = load_run(folder, workspace=workspace_in(tmp_path))
    assert digest_tensors(model.network.tensors()) == record.proof.weights_digest


def test_composition_holds_at_each_cut_of_a_discriminator(stripes, tmp_path):
    base = build_flow(flow_of(DISCRIMINATOR, stripes), 3, workspace_in(tmp_path)).network.base
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        whole = base.module(x)
        assert len(base.card.legal_cuts) > 2
        for cut in base.card.legal_cuts:
            assert torch.equal(base.rest(base.features(x, cut), cut), whole)


TWO_OUTPUTS = """
class Split(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4))
        self.left = nn.Conv2d(4, 4, 1)

    def forward(self, image):
        h = self.stem(image)
        return h.mean((2, 3)), self.left(h).mean((2, 3))

model = Split()
model.stem.requires_grad_(False)
"""


def test_a_module_with_two_outputs_keeps_what_it_freezes_statistics_included(stripes, tmp_path):
    text = f"""
name: two
nodes:
- {{id: images, component: images, settings: {{source: {stripes}, size: 16}}}}
- id: own
  component: custom
  settings:
    outputs: [{{name: a, kind: features}}, {{name: b, kind: features}}]
    code: |
{textwrap.indent(TWO_OUTPUTS, "      ")}
- {{id: both, component: merge, settings: {{how: concatenate}}}}
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, own.image]
- [own.a, both.a]
- [own.b, both.b]
- [both.merged, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 1}}
"""
    flow = load_flow(text)
    start = build_flow(flow, 3, workspace_in(tmp_path)).network.tensors()
    folder = run(flow, tmp_path)
    record, end = read_record(folder), load_file(folder / "weights.safetensors")
    frozen = [n for n in start if ".stem." in n]
    assert any("running_mean" in n for n in frozen)
    assert all(torch.equal(start[n], end[n]) for n in frozen)
    assert record.strategy == "some_layers"
    assert record.proof.holds
    assert record.proof.frozen_tensors == len(frozen)
