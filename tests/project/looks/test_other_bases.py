"""Keras, torchvision and custom bases: each look works as for any other base."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from graftwork.bases.keras_guest.backend import import_keras
from graftwork.documents.flow import Flow, load_flow
from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project

from .looks import LOOKS, look_at_all

# Keras turns tensors into arrays in a way that numpy 2 deprecates.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")]

QUICK = Recipe(epochs=1, batch=16, precision="float32", memory_format="contiguous", probe_first=False)

KERAS = """
import keras
from keras import layers

inputs = keras.Input((32, 32, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
x = layers.Conv2D(4, 3, strides=2, padding="same", name="block1_conv")(x)
x = layers.BatchNormalization(name="block1_bn")(x)
x = layers.ReLU(name="block1_relu")(x)
x = layers.Conv2D(6, 3, strides=2, padding="same", name="block2_conv")(x)
outputs = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, outputs)
"""

TORCH = """
from torch import nn

model = nn.Sequential(
    nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(),
)
"""


def of_code(code: str, source: Path) -> Flow:
    return load_flow(f"""
name: code
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
recipe: {{epochs: 1, batch: 16, precision: float32, memory_format: contiguous}}
""")


def of_base(base: str, source: Path) -> Flow:
    return transfer_flow(str(source), base=base, image_size=32, strategy="all_layers", recipe=QUICK)


def keras_file(folder: Path) -> str:
    keras = import_keras()
    names: dict[str, object] = {}
    exec(KERAS, names)  # the same model as in the flow of code
    path = folder / "small.keras"
    keras.saving.save_model(names["model"], path)
    return f"file:{path}"


FLOWS = {
    "keras_file": lambda source, folder: of_base(keras_file(folder), source),
    "keras_code": lambda source, _: of_code(KERAS, source),
    "torch_code": lambda source, _: of_code(TORCH, source),
    "torchvision": lambda source, _: of_base("random:torchvision:shufflenet_v2_x0_5", source),
}


@pytest.mark.parametrize("kind", FLOWS)
def test_every_look_works(kind: str, stripes: Path, tmp_path: Path) -> None:
    home = Project(tmp_path / "home", on_note=lambda _: None)
    run = home.run(FLOWS[kind](stripes, tmp_path))
    given, refused = look_at_all(home.inspect(run.id))
    assert refused == {}
    assert set(given) == set(LOOKS)
    stages = [s.stage for s in given["depth"].stages]
    assert stages
    assert [s.stage for s in given["maps"].stages] == stages
    moved = [p.movement for p in given["drift"].parts if p.role == "base" and p.num_parameters]
    assert any(moved)
