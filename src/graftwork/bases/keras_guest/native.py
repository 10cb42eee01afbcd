"""What the common Keras layers compute, written in torch: the same values, and ready for export.

All functions take and give Keras' order of axes, (b, h, w, c). Torch wants channels second; a permuted
view of such an array is what it calls channels-last memory, so nothing is copied for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Native", "find_native"]

Native = Callable[[Any, Any, Any], Tensor]
"""(the wrapper that holds the weights, the Keras layer with its settings, input) → output"""

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "swish": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hard_sigmoid": F.hardsigmoid,
    "hard_silu": F.hardswish,
    "hard_swish": F.hardswish,
}


def find_native(layer: Any) -> Native | None:
    """Return the function that stands for ``layer``, or None when only Keras can run it."""
    kind = type(layer)
    settings = (getattr(layer, "lora_enabled", False), getattr(layer, "quantization_mode", None))
    is_plain = (
        kind.__module__.startswith("keras.")
        and not any(settings)
        and getattr(layer, "data_format", "channels_last") == "channels_last"
        and getattr(layer, "compute_dtype", "float32") == "float32"
        and getattr(layer, "kernel_constraint", None) is None
    )
    return NATIVE.get(kind.__name__) if is_plain and fits(layer) else None


def fits(layer: Any) -> bool:
    """Whether the settings of ``layer`` are among those written here."""
    kind = type(layer).__name__
    if getattr(layer, "activity_regularizer", None) is not None:
        return False
    if kind == "BatchNormalization":
        return not getattr(layer, "renorm", False)
    if kind == "ReLU":
        return not layer.negative_slope and not layer.threshold
    if "Conv2D" in kind:
        return activation_of(layer) in ACTIVATIONS and layer.padding in ("same", "valid")
    if kind in ("Dense", "Activation"):
        return activation_of(layer) in (*ACTIVATIONS, "softmax")
    if kind in ("AveragePooling2D", "MaxPooling2D"):
        return layer.padding in ("same", "valid")
    return True


def activation_of(layer: Any) -> str:
    return str(getattr(layer.activation, "__name__", layer.activation))


def activate(layer: Any, x: Tensor) -> Tensor:
    name = activation_of(layer)
    return torch.softmax(x, dim=-1) if name == "softmax" else ACTIVATIONS[name](x)


def first(x: Tensor) -> Tensor:
    """(b, h, w, c) → (b, c, h, w), always in one order of memory.

    Torch chooses another way of computing for another order, and the last bits with it; a value that
    comes from a cut must give the same bits as one that comes from the layer before.
    """
    return x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous()


def same_padding(x: Tensor, size: Any, strides: Any, dilation: Any = (1, 1)) -> tuple[int, int, int, int]:
    """Return left, right, top, bottom so that ceil(side / stride) values come out; the odd one goes last."""
    pads: list[int] = []
    for axis in (1, 0):
        reach = (size[axis] - 1) * dilation[axis] + 1
        side = x.shape[2 + axis]
        total = max(0, (-(-side // strides[axis]) - 1) * strides[axis] + reach - side)
        pads += [total // 2, total - total // 2]
    return pads[0], pads[1], pads[2], pads[3]


def convolve(layer: Any, x: Tensor, weight: Tensor, bias: Tensor | None, groups: int, strides: Any) -> Tensor:
    """Convolve (b, c, h, w) with Keras' padding."""
    padding: tuple[int, int] = (0, 0)
    if layer.padding == "same":
        size = weight.shape[2:]
        left, right, top, bottom = same_padding(x, size, strides, layer.dilation_rate)
        if left == right and top == bottom:
            padding = (top, left)
        else:
            x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x, weight, bias, tuple(strides), padding, tuple(layer.dilation_rate), groups)


def convolution(own: Any, layer: Any, x: Tensor) -> Tensor:
    weight = own.kernel.permute(3, 2, 0, 1)
    y = convolve(layer, first(x), weight, optional(own, "bias"), layer.groups, layer.strides)
    return activate(layer, last(y))


def depthwise_weight(kernel: Tensor) -> Tensor:
    """(h, w, c, m) → (c · m, 1, h, w)"""
    height, width, channels, multiplier = kernel.shape
    return kernel.reshape(height, width, 1, channels * multiplier).permute(3, 2, 0, 1)


def depthwise(own: Any, layer: Any, x: Tensor) -> Tensor:
    weight = depthwise_weight(own.kernel)
    y = convolve(layer, first(x), weight, optional(own, "bias"), x.shape[-1], layer.strides)
    return activate(layer, last(y))


def separable(own: Any, layer: Any, x: Tensor) -> Tensor:
    weight = depthwise_weight(own.depthwise_kernel)
    y = convolve(layer, first(x), weight, None, x.shape[-1], layer.strides)
    y = F.conv2d(y, own.pointwise_kernel.permute(3, 2, 0, 1), optional(own, "bias"))
    return activate(layer, last(y))


def batch_norm(own: Any, layer: Any, x: Tensor) -> Tensor:
    """Batch normalization; in training the moving statistics take the biased variance, as Keras' do."""
    axis = layer.axis % x.ndim
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    mean, variance = own.moving_mean, own.moving_variance
    if own.training:
        axes = [i for i in range(x.ndim) if i != axis]
        variance, mean = torch.var_mean(x.float(), dim=axes, correction=0)
        with torch.no_grad():
            own.moving_mean.mul_(layer.momentum).add_(mean, alpha=1 - layer.momentum)
            own.moving_variance.mul_(layer.momentum).add_(variance, alpha=1 - layer.momentum)
    scale = torch.rsqrt(variance + layer.epsilon)
    gamma, beta = optional(own, "gamma"), optional(own, "beta")
    if gamma is not None:
        scale = scale * gamma
    shift = -mean * scale
    if beta is not None:
        shift = shift + beta
    y: Tensor = x * scale.view(shape) + shift.view(shape)
    return y


def dense(own: Any, layer: Any, x: Tensor) -> Tensor:
    return activate(layer, F.linear(x, own.kernel.t(), optional(own, "bias")))


def relu(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    x = F.relu(x)
    return x if layer.max_value is None else x.clamp(max=float(layer.max_value))


def activation(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    return activate(layer, x)


def max_pool(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    x = first(x)
    if layer.padding == "same":
        x = F.pad(x, same_padding(x, layer.pool_size, layer.strides), value=-torch.inf)
    return last(F.max_pool2d(x, tuple(layer.pool_size), tuple(layer.strides)))


def average_pool(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    """Average over the pixels that exist: padded ones do not count."""
    x, size, strides = first(x), tuple(layer.pool_size), tuple(layer.strides)
    if layer.padding == "valid":
        return last(F.avg_pool2d(x, size, strides))
    pads = same_padding(x, size, strides)
    there = F.pad(torch.ones_like(x[:1, :1]), pads)
    return last(F.avg_pool2d(F.pad(x, pads), size, strides) / F.avg_pool2d(there, size, strides))


def global_average(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    return x.mean(dim=(1, 2), keepdim=bool(layer.keepdims))


def global_max(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    return x.amax(dim=(1, 2), keepdim=bool(layer.keepdims))


def zero_padding(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    (top, bottom), (left, right) = layer.padding
    return F.pad(x, (0, 0, left, right, top, bottom))


def cropping(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    (top, bottom), (left, right) = layer.cropping
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right, :]


def add(own: Any, layer: Any, inputs: list[Tensor]) -> Tensor:  # noqa: ARG001
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total


def multiply(own: Any, layer: Any, inputs: list[Tensor]) -> Tensor:  # noqa: ARG001
    product = inputs[0]
    for x in inputs[1:]:
        product = product * x
    return product


def concatenate(own: Any, layer: Any, inputs: list[Tensor]) -> Tensor:  # noqa: ARG001
    return torch.cat(inputs, dim=layer.axis)


def flatten(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    return x.reshape(x.shape[0], -1)


def reshape(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    return x.reshape(x.shape[0], *layer.target_shape)


def rescaling(own: Any, layer: Any, x: Tensor) -> Tensor:  # noqa: ARG001
    scale, offset = (torch.as_tensor(v, dtype=x.dtype, device=x.device) for v in (layer.scale, layer.offset))
    return x * scale + offset


def normalization(own: Any, layer: Any, x: Tensor) -> Tensor:
    """Shift and scale by the statistics the layer was given, or those its buffers hold."""
    if optional(own, "mean") is not None:
        shape = layer._broadcast_shape  # where the kept axes lie
        mean, variance = own.mean.reshape(shape), own.variance.reshape(shape)
    else:
        mean, variance = (
            torch.as_tensor(v, dtype=x.dtype, device=x.device) for v in (layer.mean, layer.variance)
        )
    deviation = variance.sqrt().clamp(min=1e-7)  # Keras' epsilon
    y: Tensor = mean + x * deviation if layer.invert else (x - mean) / deviation
    return y


def optional(own: nn.Module, name: str) -> Tensor | None:
    value = getattr(own, name, None)
    return value if isinstance(value, Tensor) else None


NATIVE: dict[str, Native] = {
    "Conv2D": convolution,
    "DepthwiseConv2D": depthwise,
    "SeparableConv2D": separable,
    "BatchNormalization": batch_norm,
    "Dense": dense,
    "ReLU": relu,
    "Activation": activation,
    "MaxPooling2D": max_pool,
    "AveragePooling2D": average_pool,
    "GlobalAveragePooling2D": global_average,
    "GlobalMaxPooling2D": global_max,
    "ZeroPadding2D": zero_padding,
    "Cropping2D": cropping,
    "Add": add,
    "Multiply": multiply,
    "Concatenate": concatenate,
    "Flatten": flatten,
    "Reshape": reshape,
    "Rescaling": rescaling,
    "Normalization": normalization,
}
