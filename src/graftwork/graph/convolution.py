"""Contracts of convolution and pooling over one to three axes of places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.activations import ActivationName, range_after
from graftwork.graph.contract import Contract
from graftwork.graph.ports import Dim, Misfit, Port, Wire, show_shape
from graftwork.graph.sizes import (
    Padding,
    feature_axis,
    is_open,
    per_axis,
    places,
    upsampled,
    want_rank,
    windows,
    with_features,
    with_places,
)

__all__ = ["CONVOLUTION", "ConvolutionSettings", "PoolingSettings"]

Count = Annotated[int, Field(ge=1)]
Counts = Count | tuple[Count, ...]

_MAPS = Port(
    name="features",
    kind="features",
    also=("image",),
    help="Tokens (b, n, d), maps (b, c, h, w) or volumes (b, c, t, h, w).",
)
_WANTED = "tokens (b, n, d) or maps (b, c, h, w) or (b, c, t, h, w)"
_SAME = (
    "'same': as many windows as places divided by the stride, zeros around, the odd one at the end, as "
    "Keras does; 'valid': only windows that lie inside."
)


class ConvolutionSettings(Document):
    """Learned filters that slide over the places; one, two or three axes, as what comes in has."""

    type: Literal["standard", "transposed", "separable", "depthwise"] = Field(
        "standard",
        description="'transposed': enlarges by the stride; 'separable': each channel alone, then a mix of "
        "channels; 'depthwise': each channel alone.",
    )
    filters: Count = Field(32, description="Channels that come out. Not used by 'depthwise'.")
    kernel: Counts = Field(3, description="Side of the window; one number, or one per axis.")
    stride: Counts = Field(1, description="Step of the window; one number, or one per axis.")
    padding: Padding = Field("same", description=_SAME)
    dilation: Counts = Field(1, description="Distance between the window's places.")
    groups: Count = Field(
        1, description="Parts of the channels that do not see each other; standard and transposed."
    )
    depth_multiplier: Count = Field(1, description="Separable and depthwise: filters that each channel gets.")
    activation: ActivationName = Field("none", description="Applied to what comes out.")
    bias: bool = Field(True, description="Whether a learned constant is added.")


class PoolingSettings(Document):
    """Average or maximum over windows or over all places."""

    how: Literal["average", "max"] = Field("average", description="What is taken of each window.")
    scope: Literal["global", "local"] = Field(
        "global",
        description="'global': over all places, which gives (b, c), and (b, c) passes as it is, "
        "since some bases pool by themselves; 'local': over windows.",
    )
    kernel: Counts = Field(2, description="Local: side of the window; one number, or one per axis.")
    stride: Counts | None = Field(None, description="Local: step of the window. Empty: its side.")
    padding: Padding = Field(
        "valid", description=_SAME + " What is added takes no part in an average or a maximum."
    )


def _convolution(settings: ConvolutionSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    want_rank(wire, (3, 4, 5), _WANTED, port="features", hint="Reshape the features into tokens or maps.")
    given = range_after(settings.activation)
    if is_open(wire.shape):
        return {"features": Wire(kind="features", value_range=given)}
    rank = len(wire.shape) - 2
    channels = wire.shape[feature_axis(wire.shape)]
    _check_groups(settings, channels)
    sizes = _slide(settings, wire, rank)
    width: Dim = settings.filters
    if settings.type == "depthwise":
        factor = settings.depth_multiplier
        width = channels * factor if isinstance(channels, int) else f"{factor}*{channels}"
    shape = with_features(with_places(wire.shape, sizes), width)
    return {"features": Wire(kind="features", shape=shape, value_range=given)}


def _slide(settings: ConvolutionSettings, wire: Wire, rank: int) -> list[Dim]:
    kernel = per_axis(settings.kernel, rank, "kernel")
    stride = per_axis(settings.stride, rank, "stride")
    dilation = per_axis(settings.dilation, rank, "dilation")
    count = upsampled if settings.type == "transposed" else windows
    axes = zip(places(wire.shape), kernel, stride, dilation, strict=True)
    sizes = [count(n, k, s, settings.padding, d) for n, k, s, d in axes]
    _check_inside(wire, sizes, f"a window of {list(kernel)}")
    return sizes


def _check_inside(wire: Wire, sizes: list[Dim], window: str) -> None:
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise Misfit(
            f"slides {window} over {show_shape(wire.shape)}, which is smaller.",
            setting="kernel",
            hint="Use a smaller kernel, or padding 'same'.",
        )


def _check_groups(settings: ConvolutionSettings, channels: Dim) -> None:
    groups = settings.groups
    if groups == 1:
        return
    if settings.type in ("separable", "depthwise"):
        raise Misfit(
            f"is {settings.type}, which has groups of its own, and groups is {groups}.",
            setting="groups",
            hint="Set groups to 1.",
        )
    for what, number in (("channels come in", channels), ("filters are wanted", settings.filters)):
        if isinstance(number, int) and number % groups:
            raise Misfit(
                f"has {groups} groups, but {number} {what}, which is no multiple of it.",
                setting="groups",
                hint="Choose a divisor of both.",
            )


def _pooling(settings: PoolingSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    if settings.scope == "global":
        want_rank(wire, (2, 3, 4, 5), f"{_WANTED}, or (b, d)", port="features")
        width = "d" if is_open(wire.shape) else wire.shape[feature_axis(wire.shape)]
        batch = "b" if is_open(wire.shape) else wire.shape[0]
        return {"features": wire.edit(kind="features", shape=(batch, width), is_normalized=False)}
    want_rank(wire, (3, 4, 5), _WANTED, port="features", hint="(b, d) is pooled already.")
    if is_open(wire.shape):
        return {"features": Wire(kind="features", value_range=wire.value_range)}
    rank = len(wire.shape) - 2
    kernel = per_axis(settings.kernel, rank, "kernel")
    stride = kernel if settings.stride is None else per_axis(settings.stride, rank, "stride")
    axes = zip(places(wire.shape), kernel, stride, strict=True)
    sizes = [windows(n, k, s, settings.padding) for n, k, s in axes]
    _check_inside(wire, sizes, f"a window of {list(kernel)}")
    return {
        "features": Wire(kind="features", shape=with_places(wire.shape, sizes), value_range=wire.value_range)
    }


CONVOLUTION = (
    Contract(
        name="convolution",
        title="Convolution",
        summary="Learned filters that slide over tokens, maps or volumes.",
        inputs=(_MAPS,),
        outputs=(Port(name="features", kind="features"),),
        settings=ConvolutionSettings,
        infer=_convolution,
    ),
    Contract(
        name="pooling",
        title="Pooling",
        summary="Average or maximum over windows or over all places.",
        inputs=(_MAPS,),
        outputs=(Port(name="features", kind="features"),),
        settings=PoolingSettings,
        infer=_pooling,
    ),
)
