"""Keras code in a flow: what its flags freeze stays, what they free moves, loaded weights stay as loaded."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from graftwork.bases.keras_guest.backend import import_keras
from graftwork.documents.flow import Flow, load_flow
from graftwork.engine.boundary import set_trainable
from graftwork.engine.build import build_flow
from graftwork.engine.folder import read_plan, read_record
from graftwork.engine.run import plan_flow
from graftwork.engine.settings import cuts_of, read_settings

from .test_flows import run, workspace_in

# Keras turns tensors into arrays in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")

CELL = """
import keras
from keras import layers

inner_input = keras.Input((32, 32, 3))
h = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="block1_conv")(inner_input)
h = layers.BatchNormalization(name="block1_bn")(h)
h = layers.ReLU(name="block1_relu")(h)
h = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False, name="block2_conv")(h)
h = layers.BatchNormalization(name="block2_bn")(h)
h = layers.ReLU(name="block2_relu")(h)
base = keras.Model(inner_input, h, name="small")
if weights:
    base.load_weights(weights)
FLAGS

inputs = keras.Input((32, 32, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
x = base(x, training=False)
outputs = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, outputs)
"""


def flow_of(
    source: Path, flags: str, *, recipe: str = "{epochs: 2, learning_rate: 0.01}", **settings
) -> Flow:
    code = textwrap.indent(CELL.replace("FLAGS", flags), "      ")
    extra = "".join(f"    {name}: {value}\n" for name, value in settings.items())
    return load_flow(f"""
name: cell
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 32}}}}
- id: cell
  component: custom
  settings:
    code: |
{code}
{extra}
- {{id: dense, component: dense}}
- {{id: onehot, component: one_hot}}
- {{id: objective, component: classification}}
edges:
- [images.image, cell.image]
- [cell.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, onehot.labels]
- [onehot.labels, objective.labels]
recipe: {recipe}
""")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A weights file of the cell's inner model, and its tensors by layer."""
    keras = import_keras()
    space = {"weights": None}
    keras.utils.set_random_seed(5)
    exec(CELL.replace("FLAGS", ""), space)
    base = space["base"]
    for layer in base.layers:
        if "bn" in layer.name:
            for place, variable in enumerate(layer.weights):
                variable.assign(variable.value + 0.1 * (place + 1))
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    base.save_weights(path)
    tensors = {
        f"{layer.name}.{v.name}": v.value.detach().clone() for layer in base.layers for v in layer.weights
    }
    return path, tensors


def start_and_end(flow: Flow, folder: Path):
    built = build_flow(flow, 3, workspace_in(folder))
    start = {n: t.detach().clone() for n, t in built.network.tensors().items()}
    run_folder = run(flow, folder)
    return start, load_file(run_folder / "weights.safetensors"), run_folder


def by_layer(tensors, names):
    """Return tensors under the short names that Keras gives them."""
    return {short: next(t for n, t in tensors.items() if n.endswith(short)) for short in names}


def test_loaded_weights_equal_the_file_after_build_and_after_training_a_frozen_base(
    weights, stripes, tmp_path
):
    path, wanted = weights
    flow = flow_of(stripes, "base.trainable = False", weights=path)
    start, end, _ = start_and_end(flow, tmp_path)
    for tensors in (by_layer(start, wanted), by_layer(end, wanted)):
        for name, value in wanted.items():
            assert torch.equal(tensors[name].reshape(value.shape), value), name


@pytest.mark.parametrize(
    "flags",
    [
        "base.trainable = False",
        "base.get_layer('block2_bn').trainable = True\nbase.trainable = False",
        "for layer in base.layers:\n    layer.trainable = False",
    ],
)
def test_a_frozen_keras_base_is_bit_identical_after_training(flags, stripes, tmp_path):
    start, end, folder = start_and_end(flow_of(stripes, flags), tmp_path)
    record, plan = read_record(folder), read_plan(folder)
    assert record.strategy == "head_only"
    assert record.proof.holds
    frozen = [n for n in start if n.startswith("base.")]
    assert any("moving_mean" in n for n in frozen)
    assert all(torch.equal(start[n], end[n]) for n in frozen)
    assert plan.phases[0].from_cache


def test_a_partly_unfrozen_keras_base_moves_exactly_where_its_flags_say(stripes, tmp_path):
    flags = "base.trainable = True\nfor layer in base.layers[:4]:\n    layer.trainable = False"
    start, end, folder = start_and_end(flow_of(stripes, flags), tmp_path)
    record = read_record(folder)
    assert record.strategy == "some_layers"
    assert record.proof.holds
    moved = {n for n in start if n.startswith("base.") and not torch.equal(start[n], end[n])}
    assert {n.rpartition(".")[0].split(".")[-1] for n in moved} == {"block2_conv", "block2_bn"}
    assert not any("moving" in n for n in moved)  # called with training=False: inference mode stays


def test_a_layer_is_unfrozen_from_outside(stripes, tmp_path):
    flow = flow_of(stripes, "base.trainable = False", unfreeze="['*block2_conv']")
    start, end, folder = start_and_end(flow, tmp_path)
    moved = {n for n in start if n.startswith("base.") and not torch.equal(start[n], end[n])}
    assert len(moved) == 1
    assert "block2_conv" in next(iter(moved))
    assert read_record(folder).proof.holds


def test_batch_norm_follows_only_where_code_and_recipe_let_it(stripes, tmp_path):
    network = build_flow(flow_of(stripes, "base.trainable = True"), 3, workspace_in(tmp_path)).network
    flow = flow_of(stripes, "base.trainable = True")
    set_trainable(network, cuts_of(read_settings(flow), network), "follow")
    network.train()
    inside = [m for s in network.steps if s.role == "base" for n, m in s.module.named_modules() if "bn" in n]
    assert inside
    assert not any(m.training for m in inside)


def test_code_that_gives_other_values_each_time_is_not_cached_and_says_so(stripes, tmp_path):
    text = f"""
name: noise
nodes:
- {{id: images, component: images, settings: {{source: {stripes}, size: 16}}}}
- id: noise
  component: custom
  settings:
    code: |
      def forward(image):
          return image.mean(dim=(2, 3)) + torch.rand(1)
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, noise.image]
- [noise.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
"""
    plan = plan_flow(load_flow(text), workspace=workspace_in(tmp_path))
    assert not plan.cache.is_used
    assert "'noise'" in plan.cache.reason
    still = text.replace(" + torch.rand(1)", "")
    assert plan_flow(load_flow(still), workspace=workspace_in(tmp_path)).cache.cuts == ("noise",)
