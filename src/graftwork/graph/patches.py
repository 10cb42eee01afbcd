"""Contract of patch features: maps of several sizes as one, with a vector for each place of the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract, Ports
from graftwork.graph.ports import Dim, Port, Wire
from graftwork.graph.sizes import is_open, want_rank

__all__ = ["PATCHES", "PatchFeaturesSettings"]


class PatchFeaturesSettings(Document):
    """Brings maps of several sizes to one size and puts them side by side: a vector for each place."""

    skips: Annotated[int, Field(ge=0, le=8)] = Field(
        0, description="Further maps of the base that join: skip_1, skip_2, …"
    )
    neighborhood: Annotated[int, Field(ge=1, le=15)] = Field(
        3, description="Each place is the mean of this many places on a side, an odd number; 1: itself alone."
    )
    size: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Places on a side. Empty: those of the largest maps that come in."
    )

    @field_validator("neighborhood")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("an odd number is wanted, so that a place lies in the middle")
        return value


def _ports(settings: PatchFeaturesSettings) -> Ports:
    skips = tuple(
        Port(name=f"skip_{i}", kind="features", also=("image",), shape=("b", f"c{i}", f"h{i}", f"w{i}"))
        for i in range(1, settings.skips + 1)
    )
    inputs = (Port(name="features", kind="features", shape=("b", "c", "h", "w")), *skips)
    return inputs, (Port(name="patches", kind="features", shape=("b", "d", "H", "W")),)


def _infer(settings: PatchFeaturesSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    shapes = []
    for name, wire in inputs.items():
        want_rank(
            wire, (4,), "maps (b, c, h, w)", port=name, hint="Take them before the base pools its maps."
        )
        shapes.append(("b", "c", "h", "w") if is_open(wire.shape) else wire.shape)
    channels = [shape[1] for shape in shapes]
    width: Dim = "d"
    if all(isinstance(c, int) for c in channels):
        width = sum(c for c in channels if isinstance(c, int))
    places: tuple[Dim, ...] = ("H", "W")
    if settings.size is not None:
        places = (settings.size, settings.size)
    elif all(isinstance(n, int) for shape in shapes for n in shape[2:]):
        places = max((shape[2:] for shape in shapes), key=lambda s: tuple(map(int, s)))
    return {"patches": Wire(kind="features", shape=(shapes[0][0], width, *places))}


PATCHES = (
    Contract(
        name="patch_features",
        title="Patch features",
        summary="Maps of several sizes as one, with a vector for each place: what finds odd places.",
        inputs=_ports(PatchFeaturesSettings())[0],
        outputs=_ports(PatchFeaturesSettings())[1],
        settings=PatchFeaturesSettings,
        ports_of=_ports,
        infer=_infer,
    ),
)
