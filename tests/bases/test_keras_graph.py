"""Keras models as graphs: legal cuts, stages with the names of Keras, nested and unusual models."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from graftwork.bases.assemble import assemble
from graftwork.bases.base import Base
from graftwork.bases.conformance import check_base
from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.keras_guest.graph import blueprint_of_keras, network_of_keras
from graftwork.bases.keras_guest.names import clean, stage_of_layer
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable

keras: Any = import_keras()
L: Any = keras.layers


def residual(name: str | None = None) -> Any:
    x = inputs = keras.Input((16, 16, 3))
    x = L.BatchNormalization()(L.Conv2D(6, 3, strides=2, padding="same", name="stem_conv")(x))
    for block in (1, 2):
        y = L.Conv2D(6, 3, padding="same", name=f"block{block}_conv")(L.ReLU()(x))
        x = L.Add()([x, L.BatchNormalization(name=f"block{block}_bn")(y)])
    return keras.Model(inputs, x, name=name)


def headed(base: Any) -> Any:
    x = base(base.inputs[0], training=False)
    x = L.Dropout(0.2)(L.GlobalAveragePooling2D()(x))
    return keras.Model(base.inputs, L.Dense(3, name="mine")(x))


def opened(model: Any, **options: Any) -> Base:
    height, width = model.inputs[0].shape[1:3]
    blueprint = blueprint_of_keras(
        model,
        title="test",
        architecture="test:it",
        port=InputPort(height=height or 16, width=width or 16),
        origin=Origin(source="random"),
        **options,
    )
    return assemble("test:it", blueprint)


def agrees(base: Base, model: Any) -> None:
    x = torch.rand((2, 3, base.card.port.height, base.card.port.width))
    with torch.no_grad():
        expected = model(x.permute(0, 2, 3, 1), training=False)
        torch.testing.assert_close(base.module(x), expected, rtol=1e-5, atol=1e-6)


def test_residual_blocks_are_stages_and_never_cut() -> None:
    model = headed(residual())
    base = opened(model)
    check_base(base)
    agrees(base, model)
    assert base.stage_names() == ("stem", "block1", "block2", "pool")
    assert base.card.stages[0].output_shape == (6, 8, 8)
    assert base.card.old_classifier is not None
    assert base.card.old_classifier.name == "mine"
    assert base.card.traced


def test_a_model_without_a_classifier_gives_its_map_with_channels_second() -> None:
    model = residual()
    base = opened(model, classifier=())
    check_base(base)
    assert base.stage_names() == ("stem", "block1", "block2")
    x = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        expected = model(x.permute(0, 2, 3, 1), training=False).permute(0, 3, 1, 2)
        torch.testing.assert_close(base.module(x), expected, rtol=1e-5, atol=1e-6)


def test_a_model_inside_opens_to_its_layers() -> None:
    base = opened(headed(residual("backbone")))
    names = [layer.name for layer in base.card.stages[1].layers]
    assert "block1.block1_conv" in names
    assert "block1.block1_bn.moving_mean" in base.module.state_dict()


def test_two_models_inside_with_layers_of_one_name_stay_apart() -> None:
    first = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(3, 3, name="conv")], name="left")
    second = keras.Sequential([keras.Input((6, 6, 3)), L.Conv2D(3, 3, name="conv")], name="right")
    model = keras.Sequential([keras.Input((8, 8, 3)), first, second, L.Flatten(), L.Dense(2)])
    base = opened(model)
    check_base(base)
    agrees(base, model)
    kernels = [name for name in base.module.state_dict() if name.endswith("conv.kernel")]
    assert len(kernels) == 2


def test_a_layer_called_twice_is_not_cut_through() -> None:
    inputs = keras.Input((8, 8, 3))
    shared = L.Conv2D(3, 3, padding="same", name="shared")
    x = L.Conv2D(3, 3, padding="same", name="between")(shared(inputs))
    model = keras.Model(inputs, L.Dense(2, name="out")(L.Flatten()(shared(x))))
    base = opened(model)
    check_base(base)
    agrees(base, model)
    assert len(base.stages) == 2  # both calls in one, then the flattening


def test_several_outputs_of_one_layer_and_arrays_in_operations() -> None:
    inputs = keras.Input((8, 8, 4))
    left, right = keras.ops.split(inputs, 2, axis=-1)
    x = keras.ops.add(left, np.array([[1.0, 2.0]], dtype=np.float32)) * keras.ops.sigmoid(right)
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(x)))
    module, _ = network_of_keras(model)
    x = torch.rand(2, 4, 8, 8)
    torch.testing.assert_close(module.eval()(x), model(x.permute(0, 2, 3, 1)))


def test_a_subclassed_model_is_one_stage() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = L.Conv2D(4, 3)
            self.out = L.Dense(2)

        def call(self, x: Any) -> Any:
            return self.out(keras.ops.mean(self.conv(x), axis=(1, 2)))

    model = Own()
    model(torch.zeros(1, 8, 8, 3))
    blueprint = blueprint_of_keras(
        model,
        title="own",
        architecture="test:own",
        port=InputPort(height=8, width=8),
        origin=Origin(source="random"),
        classifier=(),
    )
    base = assemble("test:own", blueprint)
    check_base(base)
    assert len(base.stages) == 1
    assert base.card.num_parameters == model.count_params()


def test_counted_names_do_not_depend_on_what_was_built_before() -> None:
    def names() -> list[str]:
        model = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(2, 3), L.Conv2D(2, 3), L.Flatten()])
        return list(network_of_keras(model)[0].state_dict())

    assert names() == names()
    assert names()[0] == "conv2d.conv2d.kernel"


def test_stage_names_of_known_families() -> None:
    known = {
        "block1_conv1": "block1",
        "block14_sepconv2_bn": "block14",
        "block_3_expand_BN": "block_3",
        "expanded_conv_depthwise": "expanded_conv",
        "expanded_conv_10_squeeze_excite_conv": "expanded_conv_10",
        "conv2_block1_0_bn": "conv2_block1",
        "conv1_conv": "conv1",
        "bn_Conv1": "Conv1",
        "Conv_1_bn": "Conv_1",
        "block2a_expand_conv": "block2a",
        "convnext_tiny_stage_0_block_1_depthwise_conv": "stage_0_block_1",
        "convnext_tiny_downsampling_layernorm_0": "downsampling_0",
        "conv_pw_3_bn": "conv_dw_3",
        "top_conv": "top",
    }
    assert {name: stage_of_layer(name) for name in known} == known
    assert [clean(name) for name in ("code", "train", "a/b", "3x3")] == [
        "layer_code",
        "layer_train",
        "a_b",
        "layer_3x3",
    ]


def test_models_that_cannot_take_part_are_named() -> None:
    with pytest.raises(BaseNotUsable, match="not built"):
        network_of_keras(keras.Sequential([L.Dense(2)]))
    a, b = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    with pytest.raises(BaseNotUsable, match="2 inputs"):
        network_of_keras(keras.Model([a, b], L.Add()([a, b])))
    row = keras.Input((5,))
    with pytest.raises(BaseNotUsable, match="images"):
        network_of_keras(keras.Model(row, L.Dense(2)(row)))
    with pytest.raises(BaseNotUsable, match="dict"):
        network_of_keras({})


class FromPixels(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x.permute(0, 3, 1, 2).float() / 255)  # type: ignore[no-any-return]


@pytest.mark.slow
def test_a_keras_model_exports_to_onnx(tmp_path: Path) -> None:
    model = headed(residual())
    network = FromPixels(network_of_keras(model)[0]).eval()
    pixels = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (torch.zeros((2, 16, 16, 3), dtype=torch.uint8),),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            input_names=["x"],
            verbose=False,
        )
        assert program is not None
        program.save(tmp_path / "k.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "k.onnx"))
    found = session.run(None, {"x": pixels})[0]
    expected = model(torch.tensor(pixels).float() / 255, training=False).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
