"""Contracts of dense layers, norms, dropout, activations and what turns logits into answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.activations import ActivationName, range_after
from graftwork.graph.contract import Contract, Ports
from graftwork.graph.convolution import CONVOLUTION
from graftwork.graph.patches import PATCHES
from graftwork.graph.ports import Kind, Misfit, Port, Wire, show_shape
from graftwork.graph.sequences import SEQUENCES
from graftwork.graph.shaping import INPUT, SHAPING
from graftwork.graph.sizes import feature_axis, is_open, with_features
from graftwork.graph.unet import UNET

__all__ = [
    "LAYERS",
    "ActivationSettings",
    "ArgmaxSettings",
    "BatchNormSettings",
    "DenseSettings",
    "DropoutSettings",
    "LayerNormSettings",
    "SoftmaxSettings",
]

Epsilon = Annotated[float, Field(gt=0.0)]
_FEATURES = Port(name="features", kind="features")
_LOGITS = Port(name="logits", kind="logits", also=("features",))


class DenseSettings(Document):
    """A linear layer over the feature axis: the last, or the channels of maps."""

    units: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Width of what comes out. Empty: the number of classes of the data."
    )
    activation: ActivationName = Field("none", description="Applied to what comes out.")
    bias: bool = Field(True, description="Whether a learned constant is added.")


class BatchNormSettings(Document):
    """Scales each feature by its mean and deviation over the batch; held ones once trained."""

    epsilon: Epsilon = Field(
        1e-5, description="Added to the variance. Layers of torch use 1e-5, those of Keras 1e-3."
    )
    momentum: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.1,
        description="Weight of a new batch in the held statistics. Keras states the weight of the old ones: "
        "its 0.99 is 0.01 here.",
    )
    affine: bool = Field(True, description="Whether a learned scale and offset follow.")


class LayerNormSettings(Document):
    """Scales each place of each image by the mean and deviation of its features."""

    epsilon: Epsilon = Field(
        1e-5, description="Added to the variance. Layers of torch use 1e-5, those of Keras 1e-3."
    )
    affine: bool = Field(True, description="Whether a learned scale and offset follow.")


class DropoutSettings(Document):
    """Sets a share of the values to zero while training, and scales up the rest."""

    rate: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.5, description="Share set to zero.")
    whole_channels: bool = Field(
        False, description="Maps: drop whole channels, since neighboring places say much the same."
    )


class ActivationSettings(Document):
    """Applies a function to each value."""

    function: ActivationName = Field("relu", description="Which one; 'leaky_relu' has slope 0.2 below zero.")


class SoftmaxSettings(Document):
    """Turns logits into probabilities over the feature axis."""


class ArgmaxSettings(Document):
    """Names the largest of the features: the predicted class."""

    kind: Literal["category", "mask"] = Field(
        "category", description="'category': one answer an image, or a token; 'mask': one a place of a map."
    )


def _dense(settings: DenseSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    _want_features(wire, "features")
    shape = wire.shape if is_open(wire.shape) else with_features(wire.shape, settings.units or "classes")
    return {"features": Wire(kind="features", shape=shape, value_range=range_after(settings.activation))}


def _want_features(wire: Wire, port: str) -> None:
    if not is_open(wire.shape) and len(wire.shape) < 2:
        raise Misfit(
            f"wants features (b, d), (b, n, d) or maps but gets {show_shape(wire.shape)}.", port=port
        )


def _batch_norm(_: BatchNormSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    if not is_open(wire.shape) and len(wire.shape) not in (2, 3, 4, 5):
        raise Misfit(f"wants 2 to 5 axes but gets {show_shape(wire.shape)}.", port="features")
    return {"features": Wire(kind="features", shape=wire.shape)}


def _layer_norm(_: LayerNormSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    _want_features(wire, "features")
    return {"features": Wire(kind="features", shape=wire.shape)}


def _dropout(settings: DropoutSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    if settings.whole_channels and not is_open(wire.shape) and len(wire.shape) < 3:
        raise Misfit(
            f"drops whole channels, but {show_shape(wire.shape)} has no places.",
            setting="whole_channels",
            hint="Switch whole_channels off.",
        )
    return {"features": Wire(kind="features", shape=wire.shape)}


def _activation(settings: ActivationSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    kept = wire.value_range if settings.function == "none" else range_after(settings.function)
    return {"features": Wire(kind="features", shape=wire.shape, value_range=kept)}


def _softmax(_: SoftmaxSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["logits"]
    _want_features(wire, "logits")
    if not is_open(wire.shape) and wire.shape[feature_axis(wire.shape)] == 1:
        raise Misfit(
            "gets one logit per answer, and the softmax of one number is always 1.",
            port="logits",
            hint="Use an activation 'sigmoid' for one logit.",
        )
    return {"probabilities": Wire(kind="probabilities", shape=wire.shape, value_range=(0.0, 1.0))}


def _argmax(settings: ArgmaxSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["logits"]
    _want_features(wire, "logits")
    if is_open(wire.shape):
        return {"category": Wire(kind=settings.kind)}
    axis = feature_axis(wire.shape)
    wanted = "mask" if len(wire.shape) == 4 else "category"
    if settings.kind != wanted:
        raise Misfit(
            f"gives a {settings.kind}, but one from {show_shape(wire.shape)} is a {wanted}.",
            setting="kind",
            hint=f"Set kind to '{wanted}'.",
        )
    shape = (*wire.shape[:axis], *wire.shape[axis + 1 :])
    return {"category": Wire(kind=settings.kind, shape=shape)}


def _argmax_ports(settings: ArgmaxSettings) -> Ports:
    return (_LOGITS.edit(also=("features", "probabilities")),), (_answer(settings.kind),)


def _answer(kind: Kind) -> Port:
    return Port(name="category", kind=kind)


def _layer(name: str, title: str, summary: str, settings: type[Document], infer: Any) -> Contract:
    return Contract(
        name=name,
        title=title,
        summary=summary,
        inputs=(INPUT,),
        outputs=(_FEATURES,),
        settings=settings,
        infer=infer,
    )


_PLAIN = (
    _layer("dense", "Dense", "A linear layer, with an activation if wanted.", DenseSettings, _dense),
    _layer(
        "batch_norm",
        "Batch norm",
        "Scales each feature by its mean and deviation over the batch.",
        BatchNormSettings,
        _batch_norm,
    ),
    _layer(
        "layer_norm",
        "Layer norm",
        "Scales each place by the mean and deviation of its features.",
        LayerNormSettings,
        _layer_norm,
    ),
    _layer(
        "dropout",
        "Dropout",
        "Sets a share of the values to zero while training.",
        DropoutSettings,
        _dropout,
    ),
    _layer("activation", "Activation", "Applies a function to each value.", ActivationSettings, _activation),
    Contract(
        name="softmax",
        title="Softmax",
        summary="Turns logits into probabilities.",
        inputs=(_LOGITS,),
        outputs=(Port(name="probabilities", kind="probabilities"),),
        settings=SoftmaxSettings,
        infer=_softmax,
    ),
    Contract(
        name="argmax",
        title="Argmax",
        summary="Names the class with the largest value.",
        inputs=(_LOGITS.edit(also=("features", "probabilities")),),
        outputs=(_answer("category"),),
        settings=ArgmaxSettings,
        ports_of=_argmax_ports,
        infer=_argmax,
    ),
)

LAYERS = (*_PLAIN, *CONVOLUTION, *SEQUENCES, *SHAPING, *UNET, *PATCHES)
