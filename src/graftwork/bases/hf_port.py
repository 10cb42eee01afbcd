"""The images that a model of transformers wants, from the configuration of its preprocessing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from graftwork.documents.card import InputPort
from graftwork.errors import BaseNotUsable

__all__ = ["read_port"]

Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]
# Numbers of Pillow's filters, as the configurations write them.
FILTERS: dict[int, Filter] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
USUAL_SIZE = 224


def read_port(config: Any, preprocessor: Path | None, image_size: int | None) -> tuple[InputPort, str | None]:
    """Return the input port, and what had to be assumed, in words.

    Args:
        config: the model's configuration.
        preprocessor: its preprocessor_config.json, where there is one.
        image_size: side of the images in pixels, asked for; None takes the model's own.

    Raises:
        BaseNotUsable: the file does not read.
    """
    config = getattr(config, "vision_config", config)
    channels = int(getattr(config, "num_channels", 3) or 3)
    own = pair(getattr(config, "image_size", None))
    if preprocessor is None:
        size = (image_size, image_size) if image_size else own or (USUAL_SIZE, USUAL_SIZE)
        port = InputPort(
            height=size[0],
            width=size[1],
            channels=channels,
            mean=spread(IMAGENET_MEAN, channels),
            std=spread(IMAGENET_STD, channels),
            interpolation="bicubic",
        )
        return port, "No preprocessor_config.json: mean and std of ImageNet are assumed."
    content = read_json(preprocessor)
    crop, resized, notes = sizes(content, own)
    mean, std, value_range = normalization(content, channels)
    size = (image_size, image_size) if image_size else crop
    port = InputPort(
        height=size[0],
        width=size[1],
        channels=channels,
        channel_order="bgr" if content.get("do_flip_channel_order") else "rgb",
        value_range=value_range,
        mean=mean,
        std=std,
        interpolation=FILTERS.get(content.get("resample", 2), "bilinear"),
        # A little less than the quotient: rounding must not take the last pixel off the resized side.
        crop_share=min(1.0, min(crop) / (resized + 1e-3)) if resized > min(crop) else 1.0,
    )
    return port, " ".join(notes) or None


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseNotUsable(
            f"{path} does not read as JSON ({error}).", hint="Fetch or write it anew."
        ) from error
    if not isinstance(content, dict):
        raise BaseNotUsable(f"{path} holds no settings by name.", hint="Fetch or write it anew.")
    return content


def pair(value: Any) -> tuple[int, int] | None:
    """Return height and width of a size as configurations write it: a number, a list, or by name."""
    if isinstance(value, int) and value > 0:
        return value, value
    if isinstance(value, list | tuple) and len(value) == 2:
        return int(value[0]), int(value[1])
    if isinstance(value, dict):
        if "height" in value and "width" in value:
            return int(value["height"]), int(value["width"])
        if "shortest_edge" in value:
            return int(value["shortest_edge"]), int(value["shortest_edge"])
    return None


def sizes(content: dict[str, Any], own: tuple[int, int] | None) -> tuple[tuple[int, int], int, list[str]]:
    """Return the final size, the short side before the crop, and what to note."""
    notes = []
    wanted = content.get("size")
    size = pair(wanted) or own
    if size is None:
        size = (USUAL_SIZE, USUAL_SIZE)
        notes.append(f"No image size is given: {USUAL_SIZE} is assumed.")
    crop = pair(content.get("crop_size")) if content.get("do_center_crop") else None
    if crop is not None:
        return crop, min(size), notes
    share = content.get("crop_pct")
    if share and isinstance(wanted, dict) and "shortest_edge" in wanted and min(size) < 384:
        return size, int(min(size) / float(share)), notes
    notes.append(
        "Its own preprocessing stretches images to a square; here the short side is resized and the center kept."
    )
    return size, min(size), notes


def normalization(
    content: dict[str, Any], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, float]]:
    """Return mean, std and value range that do what rescaling, offset and normalization do together.

    With pixels p of 0 to 255, rescaling by f and an offset o, (p·f - o - m) / s is the same as
    (p/255 - (m + o) / 255f) / (s / 255f).
    """
    normalizes = content.get("do_normalize", True)
    mean = spread(tuple(content.get("image_mean") or IMAGENET_MEAN) if normalizes else (0.0,), channels)
    std = spread(tuple(content.get("image_std") or IMAGENET_STD) if normalizes else (1.0,), channels)
    if not content.get("do_rescale", True):
        return mean, std, (0.0, 255.0)
    scale = 255.0 * float(content.get("rescale_factor", 1 / 255))
    offset = 1.0 if content.get("rescale_offset") else 0.0
    if abs(scale - 1.0) < 1e-6 and not offset:
        return mean, std, (0.0, 1.0)
    return tuple((m + offset) / scale for m in mean), tuple(s / scale for s in std), (0.0, 1.0)


def spread(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Return one value for each channel: their mean where the numbers differ."""
    if len(values) == channels:
        return tuple(float(v) for v in values)
    return (sum(values) / len(values),) * channels
