"""Contracts of components that only change the shape of what passes: reshape, permute, flatten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract, Ports
from graftwork.graph.ports import Dim, Misfit, Port, Wire, show_shape
from graftwork.graph.sizes import is_open, product

__all__ = ["SHAPING", "FlattenSettings", "PermuteSettings", "PlainKind", "ReshapeSettings"]

PlainKind = Literal["features", "image", "logits", "probabilities", "number"]
_KIND_HELP = "Kind of what comes out; the values stay what they are."
INPUT = Port(
    name="features",
    kind="features",
    also=("image", "logits", "probabilities", "number"),
    help="(b, d), tokens (b, n, d) or maps (b, c, h, w).",
)


class ReshapeSettings(Document):
    """Reads the same values in another shape."""

    shape: tuple[int, ...] = Field(
        (-1,), description="New sizes without the batch; one may be -1: whatever is left."
    )
    kind: PlainKind = Field("features", description=_KIND_HELP)


class PermuteSettings(Document):
    """Swaps axes."""

    order: tuple[int, ...] = Field(
        (2, 1), description="Old axes in their new order, counted from 1; the batch, 0, stays first."
    )
    kind: PlainKind = Field("features", description=_KIND_HELP)


class FlattenSettings(Document):
    """Puts all values of an image into one row."""


def _ports(settings: ReshapeSettings | PermuteSettings) -> Ports:
    return (INPUT,), (Port(name="features", kind=settings.kind),)


def _reshape(settings: ReshapeSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    if settings.shape.count(-1) > 1 or any(size == 0 or size < -1 for size in settings.shape):
        raise Misfit(
            f"cannot give {list(settings.shape)}: sizes are 1 or more, and at most one is -1.",
            setting="shape",
        )
    count = "..." if is_open(wire.shape) else product(wire.shape[1:])
    rest = 1
    for size in settings.shape:
        rest *= 1 if size == -1 else size
    if isinstance(count, int) and (count % rest or (-1 not in settings.shape and count != rest)):
        raise Misfit(
            f"cannot put {count} values {show_shape(wire.shape)} into {list(settings.shape)}.",
            setting="shape",
            hint=f"Choose sizes whose product is {count}, or let one be -1.",
        )
    left: Dim = count // rest if isinstance(count, int) else _share(count, rest)
    sizes = tuple(left if size == -1 else size for size in settings.shape)
    return {"features": wire.edit(kind=settings.kind, shape=(_batch(wire), *sizes))}


def _share(count: str, rest: int) -> str:
    word = "d" if count == "..." else count
    return word if rest == 1 else f"{word}/{rest}"


def _batch(wire: Wire) -> Dim:
    return "b" if is_open(wire.shape) else wire.shape[0]


def _permute(settings: PermuteSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    rank = len(settings.order)
    if sorted(settings.order) != list(range(1, rank + 1)):
        raise Misfit(f"wants each axis from 1 to {rank} once, not {list(settings.order)}.", setting="order")
    if is_open(wire.shape):
        return {"features": wire.edit(kind=settings.kind)}
    if len(wire.shape) != rank + 1:
        raise Misfit(
            f"orders {rank} axes but gets {len(wire.shape) - 1}: {show_shape(wire.shape)}.",
            setting="order",
            hint=f"Name each axis from 1 to {len(wire.shape) - 1} once.",
        )
    shape = (wire.shape[0], *(wire.shape[axis] for axis in settings.order))
    return {"features": wire.edit(kind=settings.kind, shape=shape)}


def _flatten(_: FlattenSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    width = "d" if is_open(wire.shape) else product(wire.shape[1:])
    return {"features": wire.edit(kind="features", shape=(_batch(wire), width))}


SHAPING = (
    Contract(
        name="reshape",
        title="Reshape",
        summary="Reads the same values in another shape.",
        inputs=(INPUT,),
        outputs=(Port(name="features", kind="features"),),
        settings=ReshapeSettings,
        ports_of=_ports,
        infer=_reshape,
    ),
    Contract(
        name="permute",
        title="Permute",
        summary="Swaps axes.",
        inputs=(INPUT,),
        outputs=(Port(name="features", kind="features"),),
        settings=PermuteSettings,
        ports_of=_ports,
        infer=_permute,
    ),
    Contract(
        name="flatten",
        title="Flatten",
        summary="Puts all values of an image into one row.",
        inputs=(INPUT,),
        outputs=(Port(name="features", kind="features", shape=("b", "d")),),
        settings=FlattenSettings,
        infer=_flatten,
    ),
)
