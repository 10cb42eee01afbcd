"""Files that Keras wrote, and the bundled weights inside a Keras model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from graftwork.bases import open_base
from graftwork.bases.bundled import rename_lite0, weights_path
from graftwork.bases.conformance import check_base
from graftwork.bases.from_keras import build_application
from graftwork.bases.keras_guest.applications import APPLICATIONS
from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.keras_guest.graph import network_of_keras
from graftwork.bases.loading import read_weights
from graftwork.bases.registry import Request
from graftwork.errors import BaseNotUsable, UsageError, WeightsMismatch

keras: Any = import_keras()
L: Any = keras.layers
SIZE = 32
# Keras writes files by way of an older protocol of NumPy.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def application(name: str = "MobileNet", seed: int = 5) -> Any:
    return build_application(APPLICATIONS[name], Request(SIZE, None, False, seed), with_top=False)


def with_head(base: Any, *, scaled: bool = False) -> Any:
    inputs = keras.Input((SIZE, SIZE, 3))
    x = L.Rescaling(1 / 127.5, offset=-1)(inputs) if scaled else inputs
    x = L.Dense(7, activation="relu", name="mine")(base(x, training=False))
    return keras.Model(inputs, L.Dense(3, name="classes")(x))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A model of three classes around a frozen MobileNet, and its folder with all kinds of files."""
    base = application()
    base.trainable = False
    model = with_head(base)
    folder = tmp_path_factory.mktemp("keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(folder / "whole.keras")
        base.save_weights(folder / "base.weights.h5")
        with_head(base, scaled=True).save(folder / "scaled.keras")
    return model, folder


def agrees(network: Any, model: Any) -> None:
    x = torch.rand((2, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model(x.permute(0, 2, 3, 1), training=False)
        torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-6)


def test_a_whole_model_opens_and_its_head_is_the_old_classifier(saved: tuple[Any, Path]) -> None:
    model, folder = saved
    base = open_base(f"file:{folder}/whole.keras")
    check_base(base)
    agrees(base.module, model)
    assert base.stage_names()[:2] == ("conv1", "conv_dw_1")
    assert base.stage_names()[-1] == "pool"
    assert base.card.old_classifier is not None
    assert base.card.old_classifier.name == "mine"
    assert set(base.card.load.left_out) == {
        f"{n}.{n}.{w}" for n in ("mine", "classes") for w in ("kernel", "bias")
    }
    assert base.card.port.mean == (0.5, 0.5, 0.5)
    assert "MobileNet" in (base.card.origin.note or "")
    flags = {
        m.was_trainable
        for n, m in base.module.named_modules()
        if list(m.parameters(recurse=False)) and n.startswith("conv")
    }
    assert flags == {False}


def test_the_file_s_tensors_are_taken_bit_for_bit(saved: tuple[Any, Path]) -> None:
    model, folder = saved
    inner = next(layer for layer in model.layers if layer.name.startswith("mobilenet"))
    for base_id in (f"{folder}/whole.keras@keras:MobileNet", f"{folder}/base.weights.h5@keras:MobileNet"):
        base = open_base("file:" + base_id, image_size=SIZE)
        state = base.module.state_dict()
        assert base.card.load.missing == ()
        assert len(state) == len(inner.weights) == base.card.load.loaded
        for layer in inner.layers:
            for weight in layer.weights:
                name = next(n for n in state if n.endswith(f".{layer.name}.{weight.name}"))
                assert torch.equal(state[name], weight.value.detach()), name
    assert "file:" in base.card.origin.source


def test_scaling_inside_the_model_means_raw_pixels(saved: tuple[Any, Path]) -> None:
    port = open_base(f"file:{saved[1]}/scaled.keras").card.port
    assert (port.value_range, port.mean, port.std) == ((0.0, 255.0), (0.0,) * 3, (1.0,) * 3)


def test_untrained_it_is_drawn_anew(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 3))
    x = L.BatchNormalization()(L.Conv2D(4, 3, name="first")(inputs))
    keras.Model(inputs, L.Dense(2)(L.Flatten()(x))).save(tmp_path / "small.keras")
    one, same = (open_base(f"random:file:{tmp_path}/small.keras", seed=4) for _ in range(2))
    trained = open_base(f"file:{tmp_path}/small.keras")
    assert one.card.weights_digest == same.card.weights_digest != trained.card.weights_digest
    assert set(one.module.state_dict()) == set(trained.module.state_dict())
    assert (one.card.load.loaded, trained.card.load.loaded) == (0, 6)
    assert trained.card.origin.note is not None
    assert "0 to 1" in trained.card.origin.note


def test_a_model_of_grey_images_says_so(tmp_path: Path) -> None:
    inputs = keras.Input((12, 10, 1))
    x = L.Flatten()(L.Conv2D(2, 3)(inputs / 255.0))
    keras.Model(inputs, L.Dense(2)(x)).save(tmp_path / "grey.keras")
    base = open_base(f"file:{tmp_path}/grey.keras")
    check_base(base)
    port = base.card.port
    assert (port.height, port.width, port.channels, port.mean) == (12, 10, 1, (0.0,))
    assert port.value_range == (0.0, 255.0)


@pytest.mark.filterwarnings("ignore:You are saving:UserWarning")
def test_an_older_h5_file_opens(saved: tuple[Any, Path], tmp_path: Path) -> None:
    saved[0].save(tmp_path / "old.h5")
    base = open_base(f"file:{tmp_path}/old.h5")
    assert base.card.load.loaded > 0
    assert base.card.load.missing == ()
    agrees(base.module, saved[0])


def test_weights_alone_need_their_architecture(saved: tuple[Any, Path]) -> None:
    with pytest.raises(UsageError, match="@keras:MobileNetV2"):
        open_base(f"file:{saved[1]}/base.weights.h5")
    with pytest.raises(UsageError, match="no Keras architecture"):
        open_base(f"file:{saved[1]}/base.weights.h5@timm:resnet18")


def test_another_architecture_is_refused(saved: tuple[Any, Path]) -> None:
    for file in ("whole.keras", "base.weights.h5"):
        with pytest.raises(WeightsMismatch, match="VGG16"):
            open_base(f"file:{saved[1]}/{file}@keras:VGG16", image_size=SIZE)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Lambda(lambda x: x * 2), L.Flatten(), L.Dense(2)])
    model.save(tmp_path / "code.keras")
    with pytest.raises(BaseNotUsable, match="Lambda"):
        open_base(f"file:{tmp_path}/code.keras")


def test_what_is_no_keras_file_is_named(tmp_path: Path) -> None:
    for name in ("a.keras", "a.h5"):
        (tmp_path / name).write_bytes(b"\x80\x04K\x01.")
        with pytest.raises(BaseNotUsable, match=name):
            open_base(f"file:{tmp_path}/{name}")
    with pytest.raises(BaseNotUsable, match="no file"):
        open_base(f"file:{tmp_path}/b.keras")


# (repeats, kernel, stride, expansion, channels) of each stage; Liu 2020, "Higher accuracy on vision models
# with EfficientNet-Lite": the rows of EfficientNet-B0 without squeeze-and-excitation.
LITE0 = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def keras_lite0(tensors: dict[str, Tensor], size: int) -> Any:
    """EfficientNet-Lite0 in Keras with tensors under timm's names."""
    values: list[tuple[Any, list[Tensor]]] = []

    def conv(
        x: Any, name: str, bn: str, kernel: int, channels: int, stride: int = 1, act: bool = True
    ) -> Any:
        weight = tensors[f"{name}.weight"]
        if weight.shape[1] == 1:
            layer = L.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False)
            values.append((layer, [weight.permute(2, 3, 0, 1)]))
        else:
            layer = L.Conv2D(channels, kernel, stride, padding="same", use_bias=False)
            values.append((layer, [weight.permute(2, 3, 1, 0)]))
        norm = L.BatchNormalization(epsilon=1e-3)
        kinds = ("weight", "bias", "running_mean", "running_var")
        values.append((norm, [tensors[f"{bn}.{kind}"] for kind in kinds]))
        x = norm(layer(x))
        return L.ReLU(6.0)(x) if act else x

    inputs = keras.Input((size, size, 3))
    x = conv(inputs, "conv_stem", "bn1", 3, 32, 2)
    width = 32
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(LITE0):
        for block in range(repeats):
            at, before = f"blocks.{stage}.{block}", x
            step = stride if block == 0 else 1
            if expansion != 1:
                x = conv(x, f"{at}.conv_pw", f"{at}.bn1", 1, width * expansion)
                x = conv(x, f"{at}.conv_dw", f"{at}.bn2", kernel, 0, step)
                x = conv(x, f"{at}.conv_pwl", f"{at}.bn3", 1, channels, act=False)
            else:
                x = conv(x, f"{at}.conv_dw", f"{at}.bn1", kernel, 0, step)
                x = conv(x, f"{at}.conv_pw", f"{at}.bn2", 1, channels, act=False)
            x = L.Add()([x, before]) if step == 1 and width == channels else x
            width = channels
    x = L.GlobalAveragePooling2D()(conv(x, "conv_head", "bn2", 1, 1280))
    dense = L.Dense(1000)
    values.append((dense, [tensors["classifier.weight"].t(), tensors["classifier.bias"]]))
    model = keras.Model(inputs, dense(x))
    for layer, new in values:
        for weight, value in zip(layer.weights, new, strict=True):
            weight.assign(value)
    return model


@pytest.mark.real
def test_bundled_weights_in_keras_agree_with_the_padding_of_tensorflow_only() -> None:
    theirs = timm.create_model("tf_efficientnet_lite0").eval()
    blocks: Any = theirs.blocks
    tensors = rename_lite0(read_weights(weights_path()), [len(stage) for stage in blocks])
    theirs.load_state_dict(tensors)
    plain = timm.create_model("efficientnet_lite0").eval()
    plain.load_state_dict(tensors)
    network = network_of_keras(keras_lite0(tensors, 64))[0].eval()
    x = torch.randn((2, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, expected, other = network(x), theirs(x), plain(x)
    scale = float(expected.abs().max())
    assert float((ours - expected).abs().max()) < 1e-5 * scale
    assert float((other - expected).abs().max()) > 1e-2 * scale
