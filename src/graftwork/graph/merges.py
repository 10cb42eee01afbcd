"""Contracts of components with several inputs: merge and switch."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase
from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract, Ports
from graftwork.graph.ports import Dim, Misfit, Port, Wire, show_shape
from graftwork.graph.shaping import PlainKind
from graftwork.graph.sizes import Shape, feature_axis, is_open, with_features

__all__ = ["MERGES", "MergeSettings", "SwitchSettings", "chosen", "spread"]

Inputs = Annotated[int, Field(ge=2, le=26)]
AnyKind = Literal["image", "features", "logits", "probabilities", "labels", "mask", "number", "category"]
_ALSO = ("image", "logits", "probabilities", "number")


class MergeSettings(Document):
    """Makes one out of several: a, b, c, …"""

    how: Literal["add", "subtract", "multiply", "divide", "concatenate"] = Field(
        "add", description="'subtract' and 'divide' go from left to right: a - b - c."
    )
    inputs: Inputs = Field(2, description="How many come in.")
    kind: PlainKind = Field("features", description="Kind of what comes out.")


class SwitchSettings(Document):
    """Lets one of several inputs through."""

    choice: Annotated[str, Field(pattern="^[a-z]$")] = Field("a", description="The input that goes through.")
    inputs: Inputs = Field(2, description="How many can be connected.")
    kind: AnyKind = Field("features", description="Kind of all inputs and of what comes out.")


def spread(shape: Shape, target: Shape) -> Shape | None:
    """Return ``shape`` as it is spread over the places of ``target``, None where it is not.

    The one broadcast there is: (b, c) and (b, c, 1, 1) over the places of maps (b, c, h, w). A word among
    the places may stand for 1.

    >>> spread(("b", 8), ("b", 8, 5, 5)), spread(("b", 5), ("b", 8, 5))
    (('b', 8, 1, 1), None)
    """
    if len(target) < 4 or shape[:2] != target[:2]:
        return None
    ones = (1,) * (len(target) - 2)
    is_single = shape[2:] == () or (
        len(shape) == len(target) and all(n == 1 or isinstance(n, str) for n in shape[2:])
    )
    return (*shape[:2], *ones) if is_single else None


def _merge(settings: MergeSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    shapes = {name: inputs[name].shape for name in ascii_lowercase[: settings.inputs]}
    if any(map(is_open, shapes.values())):
        return {"merged": Wire(kind=settings.kind)}
    if settings.how == "concatenate":
        return {"merged": Wire(kind=settings.kind, shape=_side_by_side(shapes))}
    return {"merged": Wire(kind=settings.kind, shape=_together(shapes, settings.how))}


def _together(shapes: dict[str, Shape], how: str) -> Shape:
    largest = max(shapes.values(), key=_extent)
    alike: list[Shape] = []
    for name, shape in shapes.items():
        is_spread = spread(_bound(shape, largest), largest) is not None and shape != largest
        if _agree(shape, largest) and not (is_spread and 1 in shape[2:]):
            alike.append(shape)
        elif not is_spread:
            raise Misfit(
                f"cannot {how} {show_shape(shape)} and {show_shape(largest)}: equal shapes are wanted, or "
                "(b, c) beside maps (b, c, h, w).",
                port=name,
                hint="Bring both to one shape with pooling, dense or reshape.",
            )
    return tuple(_known(axis) for axis in zip(*alike, strict=True))


def _extent(shape: Shape) -> tuple[int, int]:
    """Return what sorts shapes so that the last is the one over which others spread; a word counts 2."""
    return len(shape), sum(n if isinstance(n, int) else 2 for n in shape[2:])


def _agree(shape: Shape, target: Shape) -> bool:
    return len(shape) == len(target) and all(
        a == b or isinstance(a, str) or isinstance(b, str) for a, b in zip(shape, target, strict=True)
    )


def _bound(shape: Shape, target: Shape) -> Shape:
    """Return ``shape`` with what ``target`` knows in the place of words."""
    start = tuple(
        b if isinstance(a, str) or isinstance(b, str) else a
        for a, b in zip(shape[:2], target[:2], strict=True)
    )
    return (*start, *shape[2:])


def _known(sizes: tuple[Dim, ...]) -> Dim:
    numbers = [s for s in sizes if isinstance(s, int)]
    return max(numbers) if numbers else sizes[0]


def _side_by_side(shapes: dict[str, Shape]) -> Shape:
    first = shapes["a"]
    axis = feature_axis(first)
    for name, shape in shapes.items():
        if not _agree(with_features(shape, 0), with_features(first, 0)):
            raise Misfit(
                f"cannot put {show_shape(shape)} beside {show_shape(first)}: all sizes but the features' "
                "must be equal.",
                port=name,
                hint="Pool or resize them to equal places first.",
            )
    sizes = [shape[axis] for shape in shapes.values()]
    numbers = [s for s in sizes if isinstance(s, int)]
    words = [s for s in sizes if isinstance(s, str)]
    total: Dim = "+".join([*words, *([str(sum(numbers))] if numbers else [])]) if words else sum(numbers)
    others = tuple(_known(axis_sizes) for axis_sizes in zip(*shapes.values(), strict=True))
    return (*others[:axis], total, *others[axis + 1 :])


def chosen(settings: SwitchSettings, connected: tuple[str, ...]) -> str:
    """Return the name of the input that goes through.

    Raises:
        Misfit: there is no such input, or nothing is connected to it.
    """
    if settings.choice not in connected:
        raise Misfit(
            f"lets '{settings.choice}' through, but "
            + (f"{', '.join(connected)} are connected." if connected else "nothing is connected."),
            setting="choice",
            hint="Connect it, or choose another input.",
        )
    return settings.choice


def _switch(settings: SwitchSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    return {"chosen": inputs[chosen(settings, tuple(inputs))]}


def _merge_ports(settings: MergeSettings) -> Ports:
    names = ascii_lowercase[: settings.inputs]
    inputs = tuple(Port(name=n, kind="features", also=_ALSO) for n in names)
    return inputs, (Port(name="merged", kind=settings.kind),)


def _switch_ports(settings: SwitchSettings) -> Ports:
    names = ascii_lowercase[: settings.inputs]
    inputs = tuple(Port(name=n, kind=settings.kind, is_optional=n != settings.choice) for n in names)
    return inputs, (Port(name="chosen", kind=settings.kind),)


MERGES = (
    Contract(
        name="merge",
        title="Merge",
        summary="Adds, subtracts, multiplies, divides or concatenates what comes in. (b, c) and "
        "(b, c, 1, 1) spread over the places of maps (b, c, h, w); nothing else spreads.",
        group="merge",
        inputs=_merge_ports(MergeSettings())[0],
        outputs=_merge_ports(MergeSettings())[1],
        settings=MergeSettings,
        ports_of=_merge_ports,
        infer=_merge,
    ),
    Contract(
        name="switch",
        title="Switch",
        summary="Lets one of several inputs through; the others may stay open.",
        group="merge",
        inputs=_switch_ports(SwitchSettings())[0],
        outputs=_switch_ports(SwitchSettings())[1],
        settings=SwitchSettings,
        ports_of=_switch_ports,
        infer=_switch,
    ),
)
