"""A Keras layer as a torch module that obeys torch's rules.

On its torch backend Keras keeps every number a layer holds, moving averages and random seeds
included, as a torch parameter; whether a layer trains is an argument of the call; and batch
normalization looks at a flag ``trainable`` of its own. The wrapper turns this round: weights that
training moves are parameters, moving averages are buffers, the mode is torch's, and random layers draw
from torch's global generator.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.keras_guest.native import activation_of, find_native

__all__ = ["KerasLayer", "wrap_layer"]

WORDS = {
    "Conv2D": "Convolution",
    "DepthwiseConv2D": "DepthwiseConvolution",
    "SeparableConv2D": "SeparableConvolution",
    "BatchNormalization": "BatchNorm",
    "LayerNormalization": "LayerNorm",
    "GlobalAveragePooling2D": "AdaptiveAvgPool",
    "GlobalMaxPooling2D": "AdaptiveMaxPool",
    "MaxPooling2D": "MaxPool",
    "AveragePooling2D": "AvgPool",
    "ZeroPadding2D": "ZeroPadding",
    "Dense": "Linear",
}
_kinds: dict[str, type[KerasLayer]] = {}


class Borrowed:
    """Something that copies of its holder share: a Keras layer knows the whole model it stands in."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, Any]) -> Borrowed:
        return self


class KerasLayer(nn.Module):
    """A built Keras layer, or an operation of a Keras graph.

    Parameters and buffers share their storage with the Keras variables of the same name; after
    ``copy.deepcopy`` the copy has its own, and computes with these.

    Attributes:
        was_trainable: whether Keras would have trained the layer, by the flags its author set.
        is_batch_norm: whether it keeps moving statistics of a batch.
        settings: what it is, in words.
    """

    was_trainable: bool
    is_batch_norm: bool
    settings: str

    def __init__(self, layer: Any, *, was_trainable: bool = True) -> None:
        super().__init__()
        keras = import_keras()
        self.borrowed = Borrowed(layer)
        self.was_trainable = was_trainable
        self.native = find_native(layer)
        is_layer = isinstance(layer, keras.layers.Layer)
        parts = inner_layers(layer) if is_layer else []
        norms = [p for p in parts if hasattr(p, "moving_mean") and hasattr(p, "moving_variance")]
        self.is_batch_norm = bool(norms)
        self.settings = in_words(layer)
        self.takes_training = is_layer and "training" in inspect.signature(layer.call).parameters
        self.variables = Borrowed(register_weights(self, layer, parts) if is_layer else [])
        known = {id(variable) for _, variable in self.variables.value}
        seeds = [v for v in layer.variables if id(v) not in known] if is_layer else []
        self.seeds = Borrowed([v for v in seeds if v.path.endswith("seed_generator_state")])
        self.norms = Borrowed(norms)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute as Keras does, with training as ``self.training`` says."""
        if self.native is not None and len(args) == 1 and not kwargs:
            return self.native(self, self.borrowed.value, args[0])
        return self.call_keras(args, kwargs)

    def call_keras(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Let Keras compute, its variables standing for the module's own tensors during the call."""
        keras = import_keras()
        held = [(variable, getattr(self, name)) for name, variable in self.variables.value]
        if self.takes_training:
            kwargs = {**kwargs, "training": self.training}
        with keras.device(str(device_of(args))):
            scope = keras.StatelessScope(state_mapping=[*held, *self.fresh_seeds()])
            before = [scope.get_current_value(variable) for variable, _ in held]
            with scope, self.awake():
                output = self.borrowed.value(*args, **kwargs)
        with torch.no_grad():
            for (variable, tensor), old in zip(held, before, strict=True):
                new = scope.get_current_value(variable)
                if new is not old:
                    tensor.copy_(new)
        return output

    def fresh_seeds(self) -> list[tuple[Any, Tensor]]:
        """Return seeds drawn from torch's global generator, so that there is no other random state."""
        if not self.training:
            return []
        draws = [(v, torch.randint(0, 2**31 - 1, (1,)).item()) for v in self.seeds.value]
        return [(v, torch.tensor([seed, 0], dtype=v.value.dtype)) for v, seed in draws]

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Let batch normalization inside obey the mode: Keras' flag ``trainable`` would overrule it."""
        asleep = [norm for norm in self.norms.value if not norm._trainable]
        for norm in asleep:
            norm._trainable = True
        try:
            yield
        finally:
            for norm in asleep:
                norm._trainable = False

    def extra_repr(self) -> str:
        return self.settings


class Dropout(nn.Dropout):
    """Torch's dropout in the place of Keras': the same law, drawn from torch's generator."""

    was_trainable: bool


def wrap_layer(layer: Any, *, was_trainable: bool) -> nn.Module:
    """Return a built Keras layer or operation as a torch module, without changing it."""
    kind = type(layer).__name__
    if kind == "Dropout" and layer.noise_shape is None:
        dropout = Dropout(float(layer.rate))
        dropout.was_trainable = was_trainable
        return dropout
    name = WORDS.get(kind, kind)
    if name not in _kinds:
        _kinds[name] = type(name, (KerasLayer,), {"__module__": __name__})
    return _kinds[name](layer, was_trainable=was_trainable)


def inner_layers(layer: Any) -> list[Any]:
    """Return the layer and all layers in it."""
    return list(layer._flatten_layers())


def register_weights(module: nn.Module, layer: Any, parts: list[Any]) -> list[tuple[str, Any]]:
    """Give ``module`` the weights of ``layer``, sharing storage; return names and Keras variables."""
    moved = {id(v) for part in parts for v in part._trainable_variables}
    found: list[tuple[str, Any]] = []
    taken: set[str] = set()
    for variable in layer.weights:
        name = weight_name(module, layer, variable, taken)
        taken.add(name)
        tensor = variable.value.detach()
        if id(variable) in moved and tensor.is_floating_point():
            module.register_parameter(name, nn.Parameter(tensor))
        else:
            module.register_buffer(name, tensor)
        found.append((name, variable))
    return found


def weight_name(module: nn.Module, layer: Any, variable: Any, taken: set[str]) -> str:
    """Return "kernel" for a layer's own weight, "query_kernel" for that of a layer in it."""
    path = str(variable.path).split("/")
    inner = path[path.index(layer.name) + 1 :] if layer.name in path[:-1] else path[-1:]
    name = base = "_".join(inner).replace(".", "_")
    number = 1
    while name in taken or hasattr(module, name):
        name, number = f"{base}_{number}", number + 1
    return name


def device_of(args: Any) -> torch.device:
    """Return the device of the first tensor in nested arguments."""
    stack = list(args)
    while stack:
        value = stack.pop(0)
        if isinstance(value, Tensor):
            return value.device
        if isinstance(value, list | tuple):
            stack[:0] = value
    return torch.device("cpu")


def in_words(layer: Any) -> str:
    """Return a layer in words, such as "convolution 3×3, stride 2, 3 → 32"."""
    kind = type(layer).__name__
    words = {"Conv2D": "convolution", "DepthwiseConv2D": "depthwise convolution"}
    words["SeparableConv2D"] = "separable convolution"
    if kind in words:
        kernel = layer.depthwise_kernel if kind == "SeparableConv2D" else layer.kernel
        height, width, channels = kernel.shape[:3]
        channels = channels * getattr(layer, "groups", 1) if kind == "Conv2D" else channels
        out = getattr(layer, "filters", None) or channels * kernel.shape[3]
        stride = f", stride {layer.strides[0]}" if layer.strides[0] != 1 else ""
        return f"{words[kind]} {height}×{width}{stride}, {channels} → {out}"
    if kind == "Dense":
        return f"linear, {layer.kernel.shape[0]} → {layer.units}"
    if kind == "Activation":
        return activation_of(layer)
    kind = re.sub(
        r"\dD$", "", {"BatchNormalization": "BatchNorm", "LayerNormalization": "LayerNorm"}.get(kind, kind)
    )
    if kind in ("ReLU", "PReLU", "ELU", "GELU"):
        return kind
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind).lower()
