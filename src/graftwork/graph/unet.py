"""Contract of the U-Net decoder: from small maps back to a logit for each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract, Ports
from graftwork.graph.ports import Dim, Misfit, Port, Wire
from graftwork.graph.sizes import is_open, want_rank

__all__ = ["UNET", "UNetDecoderSettings"]

Count = Annotated[int, Field(ge=1)]


class UNetDecoderSettings(Document):
    """Doubles maps step by step, joins skips on the way, and gives a logit for each class and pixel."""

    filters: tuple[Count, ...] = Field(
        (128, 64, 32), description="Channels of each step; a step doubles the sides of the maps."
    )
    skips: Annotated[int, Field(ge=0, le=8)] = Field(
        0, description="Larger maps of the base that join, one a step from the first on: skip_1, skip_2, …"
    )
    size: tuple[Count, Count] | None = Field(
        None, description="Height and width of the logits. Empty: what the last step gives."
    )
    num_classes: Count | None = Field(None, description="Empty: the number of classes of the data.")


def _ports(settings: UNetDecoderSettings) -> Ports:
    maps = ("b", "c", "h", "w")
    skips = tuple(
        Port(name=f"skip_{i}", kind="features", also=("image",), shape=("b", f"c{i}", f"h{i}", f"w{i}"))
        for i in range(1, settings.skips + 1)
    )
    inputs = (Port(name="features", kind="features", shape=maps), *skips)
    return inputs, (Port(name="logits", kind="logits", shape=("b", "k", "H", "W")),)


def _infer(settings: UNetDecoderSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    want_rank(
        wire, (4,), "maps (b, c, h, w)", port="features", hint="Take them before the base pools its maps."
    )
    if settings.skips > len(settings.filters):
        raise Misfit(
            f"has {settings.skips} skips but {len(settings.filters)} steps to join them at.",
            setting="skips",
            hint="Add filters, or join fewer skips.",
        )
    shape = ("b", "c", "h", "w") if is_open(wire.shape) else wire.shape
    sizes = list(shape[2:])
    for step in range(1, len(settings.filters) + 1):
        sizes = [_doubled(size) for size in sizes]
        if step <= settings.skips:
            skip = inputs[f"skip_{step}"]
            want_rank(skip, (4,), "maps (b, c, h, w)", port=f"skip_{step}")
            sizes = sizes if is_open(skip.shape) else list(skip.shape[2:])
    shape = (shape[0], settings.num_classes or "classes", *(settings.size or sizes))
    return {"logits": Wire(kind="logits", shape=shape)}


def _doubled(size: Dim) -> Dim:
    return 2 * size if isinstance(size, int) else f"2*{size}"


UNET = (
    Contract(
        name="unet_decoder",
        title="U-Net decoder",
        summary="Enlarges maps step by step until each pixel has a logit for each class.",
        inputs=_ports(UNetDecoderSettings())[0],
        outputs=_ports(UNetDecoderSettings())[1],
        settings=UNetDecoderSettings,
        ports_of=_ports,
        infer=_infer,
    ),
)
