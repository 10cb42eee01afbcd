"""Dense layers, norms, dropout, activations, softmax and argmax, and what only changes shapes.

The feature axis is the last one of (b, d) and (b, n, d) and the channel axis of maps (b, c, h, w).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked, only_shape
from graftwork.graph.activations import ActivationName
from graftwork.graph.layers import (
    ActivationSettings,
    ArgmaxSettings,
    BatchNormSettings,
    DenseSettings,
    DropoutSettings,
    LayerNormSettings,
    SoftmaxSettings,
)
from graftwork.graph.shaping import FlattenSettings, PermuteSettings, ReshapeSettings
from graftwork.graph.sizes import feature_axis

__all__ = [
    "Argmax",
    "BatchNorm",
    "ByFeatures",
    "Permute",
    "Reshape",
    "Softmax",
    "activation",
]

_ACTIVATIONS: dict[ActivationName, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "hard_swish": nn.Hardswish,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


def activation(name: ActivationName) -> nn.Module:
    """Return the module of an activation."""
    return _ACTIVATIONS[name]()


class ByFeatures(nn.Module):
    """Run a module that wants features last on whatever has a feature axis, and put the axis back.

    Args:
        module: takes (…, d).
        after: applied to what it gives.
    """

    def __init__(self, module: nn.Module, after: nn.Module | None = None) -> None:
        super().__init__()
        self.module = module
        self.after = after or nn.Identity()

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        axis = feature_axis(features.shape)
        found: Tensor = self.after(self.module(features.movedim(axis, -1)))
        return found.movedim(-1, axis)


class BatchNorm(nn.Module):
    """Scale each feature by its mean and deviation over the batch and all places.

    Args:
        num_features: size of the feature axis.
        rank: number of axes of what comes in, 2 to 5.
        epsilon: added to the variance.
        momentum: weight of a new batch in the held statistics.
        affine: whether a learned scale and offset follow.
    """

    def __init__(
        self,
        num_features: int,
        rank: int,
        *,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
    ) -> None:
        super().__init__()
        kinds = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
        self.norm = kinds[rank](num_features, eps=epsilon, momentum=momentum, affine=affine)

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        if features.ndim == 3:  # torch wants the features of tokens in the middle
            swapped: Tensor = self.norm(features.transpose(1, 2))
            return swapped.transpose(1, 2)
        found: Tensor = self.norm(features)
        return found


class Softmax(nn.Module):
    """Turn logits into probabilities over the feature axis, computed in float32."""

    def forward(self, logits: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        return torch.softmax(logits, dim=feature_axis(logits.shape), dtype=torch.float32)


class Argmax(nn.Module):
    """Name the largest of the features."""

    def forward(self, logits: Float[Tensor, "b ..."]) -> Int[Tensor, "b ..."]:
        return logits.argmax(dim=feature_axis(logits.shape))


class ChannelDropout(nn.Module):
    """Drop whole features at all places."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout1d(rate)

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        axis = feature_axis(features.shape)
        rows = features.movedim(axis, 1)
        found: Tensor = self.dropout(rows.flatten(2)).reshape(rows.shape)
        return found.movedim(1, axis)


class Reshape(nn.Module):
    """Read the same values in another shape; sizes without the batch, one may be -1."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = tuple(sizes)

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        return features.reshape(features.shape[0], *self.sizes)


class Permute(nn.Module):
    """Put axes in another order; they are counted from 1, the batch stays first."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        self.order = (0, *order)

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        return features.permute(self.order)


def _num_features(site: Site) -> int:
    shape = only_shape(site)
    return shape[feature_axis(shape)]


@builds_checked("dense")
def _dense(settings: DenseSettings, site: Site) -> nn.Module:
    linear = nn.Linear(_num_features(site), settings.units or site.num_classes, bias=settings.bias)
    return ByFeatures(linear, activation(settings.activation))


@builds_checked("batch_norm")
def _batch_norm(settings: BatchNormSettings, site: Site) -> nn.Module:
    return BatchNorm(
        _num_features(site),
        len(only_shape(site)),
        epsilon=settings.epsilon,
        momentum=settings.momentum,
        affine=settings.affine,
    )


@builds_checked("layer_norm")
def _layer_norm(settings: LayerNormSettings, site: Site) -> nn.Module:
    norm = nn.LayerNorm(_num_features(site), eps=settings.epsilon, elementwise_affine=settings.affine)
    return ByFeatures(norm)


@builds_checked("dropout")
def _dropout(settings: DropoutSettings, _: Site) -> nn.Module:
    return ChannelDropout(settings.rate) if settings.whole_channels else nn.Dropout(settings.rate)


@builds_checked("activation")
def _activation(settings: ActivationSettings, _: Site) -> nn.Module:
    return activation(settings.function)


@builds_checked("softmax")
def _softmax(_: SoftmaxSettings, __: Site) -> nn.Module:
    return Softmax()


@builds_checked("argmax")
def _argmax(_: ArgmaxSettings, __: Site) -> nn.Module:
    return Argmax()


@builds_checked("reshape")
def _reshape(settings: ReshapeSettings, _: Site) -> nn.Module:
    return Reshape(settings.shape)


@builds_checked("permute")
def _permute(settings: PermuteSettings, _: Site) -> nn.Module:
    return Permute(settings.order)


@builds_checked("flatten")
def _flatten(_: FlattenSettings, __: Site) -> nn.Module:
    return nn.Flatten()
