"""Contracts of what is done to images and labels before a network sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract
from graftwork.graph.ports import Dim, Misfit, Port, Wire
from graftwork.graph.sizes import is_open, want_rank

__all__ = [
    "PREPROCESS",
    "CropSettings",
    "GrayscaleSettings",
    "NormalizeSettings",
    "OneHotSettings",
    "PadSettings",
    "RescaleSettings",
    "ResizeSettings",
    "moments",
]

Side = Annotated[int, Field(ge=1)]
Margin = Annotated[int, Field(ge=0)]

_IMAGE = Port(name="image", kind="image", shape=("b", "c", "h", "w"))
_PRESETS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # of the images of ImageNet's training split, per channel, pixels in 0…1 (as torchvision publishes them)
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "tf": ((0.5,), (0.5,)),
}


class ResizeSettings(Document):
    """Stretches images to a size."""

    height: Side = Field(224, description="Pixels.")
    width: Side = Field(224, description="Pixels.")
    interpolation: Literal["nearest", "bilinear", "bicubic", "area"] = Field(
        "bilinear",
        description="How pixels between pixels are found. 'bicubic' can leave the range of values.",
    )
    antialias: bool = Field(
        True, description="Blur before shrinking, so that fine patterns do not turn into coarse ones."
    )


class CropSettings(Document):
    """Cuts a part out of images."""

    height: Side = Field(224, description="Pixels.")
    width: Side = Field(224, description="Pixels.")
    place: Literal["center", "box"] = Field(
        "center", description="Middle of the image, or a box at top, left."
    )
    top: Margin = Field(0, description="Box: rows above it.")
    left: Margin = Field(0, description="Box: columns left of it.")


class PadSettings(Document):
    """Adds a margin to images."""

    top: Margin = Field(0, description="Rows added above.")
    bottom: Margin = Field(0, description="Rows added below.")
    left: Margin = Field(0, description="Columns added on the left.")
    right: Margin = Field(0, description="Columns added on the right.")
    fill: Literal["constant", "reflect", "edge"] = Field(
        "constant", description="A constant value, a mirror image, or the outermost pixels repeated."
    )
    value: float = Field(0.0, description="The constant value.")


class NormalizeSettings(Document):
    """Takes a mean out of each channel and divides by a deviation."""

    preset: Literal["imagenet", "tf", "own"] = Field(
        "imagenet",
        description="'imagenet': mean and deviation of ImageNet's images; 'tf': −1…1; 'own': mean and std.",
    )
    mean: tuple[float, ...] = Field(
        (), description="Own: one number, or one for each channel, for pixels in 0…1."
    )
    std: tuple[Annotated[float, Field(gt=0.0)], ...] = Field((), description="Own: deviations, as many.")
    pixel_max: Annotated[float, Field(gt=0.0)] = Field(
        1.0, description="Value of a white pixel that comes in; pixels are divided by it first."
    )


class RescaleSettings(Document):
    """Multiplies by a scale and adds an offset."""

    scale: float = Field(1.0, description="Factor. Pixels from the data are 0…1; 255 gives 0…255.")
    offset: float = Field(0.0, description="What is added after; scale 2 and offset -1 give -1…1.")


class GrayscaleSettings(Document):
    """Turns colors into grays (0.299 red + 0.587 green + 0.114 blue, ITU-R BT.601)."""

    channels: Literal[1, 3] = Field(
        3, description="3: three equal channels, which a base for color images takes; 1: one."
    )


class OneHotSettings(Document):
    """Turns class numbers into rows with a single one."""

    num_classes: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Width of the rows. Empty: the number of classes of the data."
    )


def moments(settings: NormalizeSettings) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation for pixels in 0…1, one number or one per channel.

    Raises:
        Misfit: 'own' without them or with different counts; a preset with them.
    """
    if settings.preset == "own":
        if not settings.mean or len(settings.mean) != len(settings.std):
            raise Misfit(
                f"has {len(settings.mean)} means and {len(settings.std)} deviations; one or one per channel "
                "of both is wanted.",
                setting="mean",
                hint="Set mean and std.",
            )
        return settings.mean, settings.std
    if settings.mean or settings.std:
        raise Misfit(
            f"has the preset '{settings.preset}' and numbers of its own.",
            setting="preset",
            hint="Set preset to 'own', or leave mean and std empty.",
        )
    return _PRESETS[settings.preset]


def _resize(settings: ResizeSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["image"]
    kept = wire.value_range if settings.interpolation != "bicubic" else None
    return {"image": _resized(wire, settings.height, settings.width).edit(value_range=kept)}


def _resized(wire: Wire, height: Dim, width: Dim) -> Wire:
    want_rank(wire, (4,), "images (b, c, h, w)", port="image")
    start = ("b", "c") if is_open(wire.shape) else wire.shape[:2]
    return wire.edit(kind="image", shape=(*start, height, width))


def _crop(settings: CropSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["image"]
    found = _resized(wire, settings.height, settings.width)
    is_box = settings.place == "box"
    sides = (
        ("height", -2, settings.height, settings.top if is_box else 0),
        ("width", -1, settings.width, settings.left if is_box else 0),
    )
    for setting, axis, size, start in sides:
        have = wire.shape[axis]
        if isinstance(have, int) and start + size > have:
            raise Misfit(
                f"cuts {setting} {size} from {start} on, but the images have {have}.",
                setting=setting,
                hint="Resize or pad the images before, or cut less.",
            )
    return {"image": found}


def _pad(settings: PadSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["image"]
    want_rank(wire, (4,), "images (b, c, h, w)", port="image")
    height, width = ("h", "w") if is_open(wire.shape) else wire.shape[2:]
    _check_mirror(settings, height, width)
    found = _resized(
        wire, _grown(height, settings.top + settings.bottom), _grown(width, settings.left + settings.right)
    )
    if wire.value_range is not None and settings.fill == "constant":
        low, high = wire.value_range
        found = found.edit(value_range=(min(low, settings.value), max(high, settings.value)))
    return {"image": found}


def _check_mirror(settings: PadSettings, height: Dim, width: Dim) -> None:
    sides = (
        ("top", settings.top, height),
        ("bottom", settings.bottom, height),
        ("left", settings.left, width),
        ("right", settings.right, width),
    )
    for setting, margin, size in sides:
        if settings.fill == "reflect" and isinstance(size, int) and margin >= size:
            raise Misfit(
                f"mirrors {margin} pixels at the {setting} of an image that has {size}.",
                setting=setting,
                hint="Take a smaller margin, or fill it with 'edge'.",
            )


def _grown(size: Dim, margin: int) -> Dim:
    if isinstance(size, int):
        return size + margin
    return f"({size}+{margin})" if margin else size


def _normalize(settings: NormalizeSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["image"]
    want_rank(wire, (4,), "images (b, c, h, w)", port="image")
    mean, std = moments(settings)
    channels = "c" if is_open(wire.shape) else wire.shape[1]
    if isinstance(channels, int) and len(mean) not in (1, channels):
        raise Misfit(
            f"has means for {len(mean)} channels but gets images of {channels}.",
            port="image",
            hint="Set preset to 'own' and give a mean and std for each channel.",
        )
    if wire.value_range and not wire.is_normalized and wire.value_range[1] != settings.pixel_max:
        raise Misfit(
            f"expects white pixels to be {settings.pixel_max:g}, but they are {wire.value_range[1]:g}.",
            setting="pixel_max",
            hint=f"Set pixel_max to {wire.value_range[1]:g}.",
        )
    pairs = list(zip(mean, std, strict=True))
    given = (min(-m / s for m, s in pairs), max((1 - m) / s for m, s in pairs)) if wire.value_range else None
    return {"image": wire.edit(kind="image", value_range=given, is_normalized=True)}


def _rescale(settings: RescaleSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["image"]
    given = None
    if wire.value_range is not None:
        ends = [end * settings.scale + settings.offset for end in wire.value_range]
        given = (min(ends), max(ends))
    return {"image": wire.edit(value_range=given, is_normalized=wire.is_normalized or settings.offset != 0)}


def _grayscale(settings: GrayscaleSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["image"]
    want_rank(wire, (4,), "images (b, c, h, w)", port="image")
    shape = ("b", "c", "h", "w") if is_open(wire.shape) else wire.shape
    if isinstance(shape[1], int) and shape[1] not in (1, 3):
        raise Misfit(f"wants images of 3 channels (or 1) but gets {shape[1]}.", port="image")
    return {"image": wire.edit(kind="image", shape=(shape[0], settings.channels, *shape[2:]))}


def _one_hot(settings: OneHotSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["labels"]
    want_rank(wire, (1,), "one class number per image, (b,)", port="labels")
    batch = "b" if is_open(wire.shape) else wire.shape[0]
    width = settings.num_classes or "classes"
    return {"labels": Wire(kind="labels", shape=(batch, width), value_range=(0.0, 1.0))}


def _image_contract(name: str, title: str, summary: str, settings: type[Document], infer: object) -> Contract:
    return Contract(
        name=name,
        title=title,
        summary=summary,
        group="preprocess",
        inputs=(_IMAGE,),
        outputs=(_IMAGE,),
        settings=settings,
        infer=infer,
    )


PREPROCESS = (
    _image_contract("resize", "Resize", "Stretches images to a height and a width.", ResizeSettings, _resize),
    _image_contract("crop", "Crop", "Cuts out the middle of images or a box.", CropSettings, _crop),
    _image_contract("pad", "Pad", "Adds a margin to images.", PadSettings, _pad),
    _image_contract(
        "normalize",
        "Normalize",
        "Takes out each channel's mean and divides by its deviation. A backbone does this by itself.",
        NormalizeSettings,
        _normalize,
    ),
    _image_contract(
        "rescale", "Rescale", "Multiplies pixels by a scale and adds an offset.", RescaleSettings, _rescale
    ),
    _image_contract("grayscale", "Grayscale", "Turns colors into grays.", GrayscaleSettings, _grayscale),
    Contract(
        name="one_hot",
        title="One-hot",
        summary="Turns class numbers into rows with a single one.",
        group="preprocess",
        inputs=(Port(name="labels", kind="labels", also=("category",), shape=("b",)),),
        outputs=(Port(name="labels", kind="labels", shape=("b", "k")),),
        settings=OneHotSettings,
        infer=_one_hot,
    ),
)
