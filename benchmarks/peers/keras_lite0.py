"""EfficientNet-Lite0 as a Keras functional model with the bundled weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import timm
from keras import layers

from benchmarks.peers.common import SIDE, lite0_tensors

__all__ = ["build_lite0"]

EPSILON = 1e-3


class _Builder:
    """Lays Keras layers along timm's modules and remembers what each one's weights are called there."""

    def __init__(self) -> None:
        self.tensors = {name: t.numpy() for name, t in lite0_tensors().items()}
        self.kernels: list[tuple[Any, list[np.ndarray[Any, Any]]]] = []

    def convolve(self, x: Any, name: str, *, stride: int = 1) -> Any:
        kernel = self.tensors[f"{name}.weight"]
        layer = layers.Conv2D(kernel.shape[0], kernel.shape[2], stride, padding="same", use_bias=False)
        self.kernels.append((layer, [kernel.transpose(2, 3, 1, 0)]))
        return layer(x)

    def convolve_depthwise(self, x: Any, name: str, *, stride: int) -> Any:
        kernel = self.tensors[f"{name}.weight"]
        layer = layers.DepthwiseConv2D(kernel.shape[2], stride, padding="same", use_bias=False)
        self.kernels.append((layer, [kernel.transpose(2, 3, 0, 1)]))
        return layer(x)

    def normalize(self, x: Any, name: str, *, activate: bool = True) -> Any:
        layer = layers.BatchNormalization(epsilon=EPSILON)
        parts = ("weight", "bias", "running_mean", "running_var")
        self.kernels.append((layer, [self.tensors[f"{name}.{part}"] for part in parts]))
        x = layer(x)
        return layers.ReLU(max_value=6.0)(x) if activate else x

    def block(self, x: Any, name: str, *, stride: int, expands: bool) -> Any:
        """Lay one inverted residual block; the first stage's has no expansion."""
        shortcut, norms = x, iter(("bn1", "bn2", "bn3"))
        if expands:
            x = self.normalize(self.convolve(x, f"{name}.conv_pw"), f"{name}.{next(norms)}")
        x = self.convolve_depthwise(x, f"{name}.conv_dw", stride=stride)
        x = self.normalize(x, f"{name}.{next(norms)}")
        x = self.convolve(x, f"{name}.{'conv_pwl' if expands else 'conv_pw'}")
        x = self.normalize(x, f"{name}.{next(norms)}", activate=False)
        same = stride == 1 and shortcut.shape[-1] == x.shape[-1]
        return layers.Add()([shortcut, x]) if same else x


def build_lite0() -> keras.Model:
    """Return the base: images (b, 224, 224, 3) in −1…1 to features (b, 1280)."""
    pattern: Any = timm.create_model("tf_efficientnet_lite0").blocks
    builder = _Builder()
    images = keras.Input((SIDE, SIDE, 3))
    x = builder.normalize(builder.convolve(images, "conv_stem", stride=2), "bn1")
    for stage, blocks in enumerate(pattern):
        for index, block in enumerate(blocks):
            stride = block.conv_dw.stride[0]
            expands = hasattr(block, "conv_pwl")
            x = builder.block(x, f"blocks.{stage}.{index}", stride=stride, expands=expands)
    x = builder.normalize(builder.convolve(x, "conv_head"), "bn2")
    model = keras.Model(images, layers.GlobalAveragePooling2D()(x), name="lite0")
    for layer, weights in builder.kernels:
        layer.set_weights(weights)
    return model
