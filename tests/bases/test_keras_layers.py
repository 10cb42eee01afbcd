"""Keras layers as torch modules: same values, our freezing, torch's randomness."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.keras_guest.graph import network_of_keras
from graftwork.bases.keras_guest.layers import KerasLayer, wrap_layer
from graftwork.engine.freeze import free, freeze, set_batch_norm

keras: Any = import_keras()
L: Any = keras.layers


def tiny() -> Any:
    """A functional model with a residual, two batch norms, dropout, noise and an operation."""
    keras.utils.set_random_seed(3)
    x = inputs = keras.Input((12, 12, 3))
    x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="conv1_conv")(x)
    x = y = L.ReLU(6.0, name="conv1_relu")(L.BatchNormalization(name="conv1_bn", momentum=0.7)(x))
    x = L.SeparableConv2D(8, 3, padding="same", name="block1_sepconv")(x)
    x = L.BatchNormalization(name="block1_bn")(x)
    x = L.Add(name="block1_add")([x, y]) * 0.5
    x = L.GaussianNoise(0.2, name="block1_noise")(L.Dropout(0.4, name="block1_drop")(x))
    x = L.GlobalAveragePooling2D(name="avg")(x)
    return keras.Model(inputs, L.Dense(4, name="predictions")(x))


def images(seed: int = 0, size: int = 12) -> Tensor:
    return torch.randn((3, 3, size, size), generator=torch.Generator().manual_seed(seed))


def state(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def moved(module: nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {name for name, tensor in module.state_dict().items() if not torch.equal(tensor, before[name])}


CASES = {
    "conv same": lambda: L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
    "conv valid dilated": lambda: L.Conv2D(4, 3, dilation_rate=2, use_bias=False),
    "conv grouped": lambda: L.Conv2D(6, (3, 2), groups=3, padding="same"),
    "conv even kernel": lambda: L.Conv2D(4, 4, strides=3, padding="same"),
    "depthwise": lambda: L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
    "separable": lambda: L.SeparableConv2D(5, 3, strides=2, padding="same", depth_multiplier=2),
    "batch norm": lambda: L.BatchNormalization(epsilon=1e-2),
    "batch norm bare": lambda: L.BatchNormalization(center=False, scale=False),
    "dense": lambda: L.Dense(5, activation="softmax"),
    "relu": lambda: L.ReLU(0.5),
    "leaky": lambda: L.LeakyReLU(),
    "swish": lambda: L.Activation("swish"),
    "hard swish": lambda: L.Activation("hard_swish"),
    "hard sigmoid": lambda: L.Activation("hard_sigmoid"),
    "gelu": lambda: L.Activation("gelu"),
    "max pool": lambda: L.MaxPooling2D(3, strides=2, padding="same"),
    "max pool valid": lambda: L.MaxPooling2D(2),
    "average pool": lambda: L.AveragePooling2D(3, strides=2, padding="same"),
    "average pool valid": lambda: L.AveragePooling2D((2, 3)),
    "global average": lambda: L.GlobalAveragePooling2D(keepdims=True),
    "global max": lambda: L.GlobalMaxPooling2D(),
    "zero padding": lambda: L.ZeroPadding2D(((1, 2), (0, 3))),
    "cropping": lambda: L.Cropping2D(((1, 2), (0, 3))),
    "flatten": lambda: L.Flatten(),
    "reshape": lambda: L.Reshape((-1, 7)),
    "rescaling": lambda: L.Rescaling([0.1, 0.2, 0.3], offset=-1.0),
    "normalization": lambda: L.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 0.25, 1.0]),
    "normalization inverted": lambda: L.Normalization(mean=1.0, variance=4.0, invert=True),
    "layer norm": lambda: L.LayerNormalization(),
    "transposed": lambda: L.Conv2DTranspose(4, 3, strides=2, padding="same"),
    "upsampling": lambda: L.UpSampling2D(2, interpolation="bilinear"),
    "attention": lambda: L.MultiHeadAttention(2, 3),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrapped_layer_gives_what_keras_gives(case: str) -> None:
    layer = CASES[case]()
    x = torch.randn((2, 7, 9, 3), generator=torch.Generator().manual_seed(1))
    args = (x, x) if case == "attention" else (x,)
    layer(*args)
    source = torch.Generator().manual_seed(2)
    for weight in layer.weights:
        if "int" not in weight.dtype:
            weight.assign(torch.rand(tuple(weight.shape), generator=source) + 0.1)
    module = wrap_layer(layer, was_trainable=True).eval()
    with torch.no_grad():
        torch.testing.assert_close(module(*args), layer(*args, training=False), rtol=1e-5, atol=1e-5)


def test_batch_norm_in_training_moves_its_averages_as_keras_does() -> None:
    x = torch.randn((5, 4, 4, 3), generator=torch.Generator().manual_seed(1)) * 3 + 1
    ours, theirs = (L.BatchNormalization(momentum=0.7) for _ in range(2))
    ours.build(x.shape)
    theirs.build(x.shape)
    module = wrap_layer(ours, was_trainable=True).train()
    torch.testing.assert_close(module(x), theirs(x, training=True), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(module.moving_variance, theirs.moving_variance.value.detach())
    torch.testing.assert_close(module.moving_mean, 0.3 * x.mean(dim=(0, 1, 2)))  # by the definition


def test_averages_are_buffers_and_weights_are_parameters() -> None:
    module, _ = network_of_keras(tiny())
    buffers = {name.rpartition(".")[2] for name, _ in module.named_buffers()}
    parameters = {name.rpartition(".")[2] for name, _ in module.named_parameters()}
    assert buffers == {"moving_mean", "moving_variance"}
    assert parameters == {"kernel", "gamma", "beta", "depthwise_kernel", "pointwise_kernel", "bias"}
    assert "conv1.conv1_bn.moving_mean" in module.state_dict()


def test_both_sides_see_a_change_of_either() -> None:
    model = tiny()
    module, _ = network_of_keras(model)
    kernel = model.get_layer("conv1_conv").kernel
    with torch.no_grad():
        module.get_parameter("conv1.conv1_conv.kernel").fill_(0.25)
    assert float(kernel.value.detach().max()) == 0.25
    model.get_layer("conv1_bn").moving_mean.assign([2.0] * 8)
    assert module.get_buffer("conv1.conv1_bn.moving_mean").tolist() == [2.0] * 8


def test_a_copy_has_its_own_numbers() -> None:
    module, _ = network_of_keras(tiny())
    other = copy.deepcopy(module).eval()
    expected = module.eval()(images())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert torch.equal(other(images()), expected)
    module.load_state_dict(other.state_dict())
    assert torch.equal(module(images()), expected)


@pytest.mark.parametrize("child_set_true_before", [False, True])
def test_a_frozen_base_stays_bit_identical(child_set_true_before: bool) -> None:
    model = tiny()
    if child_set_true_before:
        model.get_layer("conv1_bn").trainable = True
    module, _ = network_of_keras(model)
    head = nn.Linear(4, 2)
    freeze(module)
    before = state(module)
    whole = nn.Sequential(module, head)
    optimizer = torch.optim.SGD([p for p in whole.parameters() if p.requires_grad], lr=1.0)
    for seed in range(3):
        whole.train()
        whole(images(seed)).square().sum().backward()
        optimizer.step()
    assert moved(module, before) == set()


def test_a_layer_that_keras_froze_moves_once_it_is_free() -> None:
    model = tiny()
    model.trainable = False
    module, _ = network_of_keras(model)
    assert all(p.requires_grad for p in module.parameters())
    free(module)
    set_batch_norm(module, "follow")
    before = state(module)
    module.train()
    module(images()).square().sum().backward()
    torch.optim.SGD(module.parameters(), lr=0.1).step()
    assert moved(module, before) == set(before)


def test_held_statistics_do_not_move() -> None:
    module, _ = network_of_keras(tiny())
    free(module)
    set_batch_norm(module, "held")
    before = state(module)
    module.train()
    module(images())
    assert moved(module, before) == set()


def test_batch_norm_inside_a_layer_of_ones_own_obeys_too() -> None:
    class Block(L.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = L.Conv2D(4, 1)
            self.norm = L.BatchNormalization()

        def build(self, shape: Any) -> None:
            self.conv.build(shape)
            self.norm.build((*shape[:-1], 4))

        def call(self, x: Any, training: bool = False) -> Any:
            return self.norm(self.conv(x), training=training)

    layer = Block()
    layer.build((None, 5, 5, 3))
    layer.trainable = False
    module = wrap_layer(layer, was_trainable=False)
    assert isinstance(module, KerasLayer)
    assert module.is_batch_norm
    before = state(module)
    module.train()
    module(torch.randn(3, 5, 5, 3))
    assert moved(module, before) == {n for n in before if "moving" in n}
    freeze(module)
    before = state(module)
    module.train()
    module(torch.randn(3, 5, 5, 3))
    assert moved(module, before) == set()
    assert layer.norm.trainable is False


def test_torch_s_seed_decides_dropout_and_noise() -> None:
    module, _ = network_of_keras(tiny())
    set_batch_norm(module, "held")
    module.train()
    torch.manual_seed(5)
    first, second = module(images()), module(images())
    torch.manual_seed(5)
    again = module(images())
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    module.eval()
    before = torch.random.get_rng_state()
    module(images())
    assert torch.equal(before, torch.random.get_rng_state())


def test_keras_flags_are_recorded() -> None:
    model = tiny()
    model.get_layer("conv1_bn").trainable = False
    module, paths = network_of_keras(model)
    flags = {
        name: getattr(module.get_submodule(path[0]), "was_trainable", None) for name, path in paths.items()
    }
    assert (flags["conv1_conv"], flags["conv1_bn"]) == (True, False)
    model.get_layer("conv1_conv").trainable = True
    model.trainable = False
    module, paths = network_of_keras(model)
    weighted = [m for m in module.modules() if isinstance(m, KerasLayer) and list(m.parameters())]
    assert len(weighted) == 5
    assert not any(m.was_trainable for m in weighted)
