"""From a tensor to what people look at: statistics, heat maps, histograms, names of classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.components.objectives import IGNORED
from graftwork.documents.preview import (
    ChannelView,
    Histogram,
    ImageView,
    LabelsView,
    MapsView,
    MaskView,
    TensorStats,
    ValuesView,
    VectorView,
    View,
)
from graftwork.engine.preview.pictures import color_of_class, heat_map, mask_picture, pixels, sheet
from graftwork.engine.preview.tokens import on_grid
from graftwork.errors import UsageError

__all__ = [
    "ChannelOrder",
    "Look",
    "by_activity",
    "categories_by_column",
    "finite",
    "look_at",
    "mask_views",
    "name_of",
    "stats_of",
]

ChannelOrder = Literal["index", "activity"]
_NUM_CHANNELS = 16
_MAX_VALUES = 64
_NUM_BINS = 24


@dataclass
class Look:
    """How a tensor is looked at, and the pictures that are drawn on the way.

    Args:
        kind: of its wire.
        names: of its classes, as far as they are known.
        value_range: of its pixels, when it is an image; None stretches each image.
        channel: the only channel to show; None chooses up to 16.
        order: which ones are chosen: the first, or those whose values vary most over all samples.
    """

    kind: str
    names: Sequence[str] = ()
    value_range: tuple[float, float] | None = None
    channel: int | None = None
    order: ChannelOrder = "activity"
    pictures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def draw(self, name: str, picture: NDArray[np.uint8]) -> str:
        """Keep a picture and return its name."""
        self.pictures[name] = picture
        return name


def look_at(values: Tensor, look: Look) -> list[View]:
    """Return a view of each sample of ``values`` (b, …)."""
    values = values.detach().cpu()
    if values.is_floating_point():
        values = values.float()
    if look.kind == "image" and values.ndim == 4 and values.shape[1] in (1, 3):
        return [_image(x, i, look) for i, x in enumerate(values)]
    if values.ndim == 4:
        return _maps(values, look)
    if not values.is_floating_point():
        if values.ndim == 3:
            return [_mask(x.numpy().astype(np.int64), i, look) for i, x in enumerate(values)]
        return [_names_or_values(x, look) for x in values]
    if look.kind == "labels" and values.ndim == 2:
        return [_shares(x, look) for x in values]
    if look.kind == "number" or values.ndim < 2:
        return [ValuesView(values=tuple(map(finite, x.reshape(-1).tolist()))) for x in values]
    if values.ndim == 3:
        return _maps(_as_maps(values), look)
    return [_vector(x.reshape(-1)) for x in values]


def finite(value: float) -> float | None:
    """Return a number, or None for what JSON cannot write."""
    return value if math.isfinite(value) else None


def name_of(index: int, names: Sequence[str]) -> str:
    """Return the name of a class, its number where it has none."""
    return names[index] if 0 <= index < len(names) else str(index)


def stats_of(values: Tensor, *, with_channels: bool = False) -> TensorStats:
    """Return statistics of a tensor of any shape; with channels: also how many of them are constant."""
    flat = values.detach().cpu().float().reshape(-1)
    good = torch.isfinite(flat)
    kept = flat if bool(good.all()) else flat[good]
    if not len(kept):
        low = high = mean = std = None
    else:
        low, high = float(kept.min()), float(kept.max())
        mean, std = float(kept.double().mean()), float(kept.double().std(unbiased=False))
    num_nan = int(flat.isnan().sum())
    return TensorStats(
        min=low,
        max=high,
        mean=mean,
        std=std,
        zero_share=float((flat == 0).float().mean()) if len(flat) else 0.0,
        num_nan=num_nan,
        num_infinite=len(flat) - len(kept) - num_nan,
        constant_channel_share=_constant_share(values) if with_channels else None,
    )


def _constant_share(values: Tensor) -> float | None:
    """Return the share of channels with one value only; None when each has but one, or has no channels."""
    if not values.is_floating_point() or values.ndim < 2 or not values.numel():
        return None
    channels = values.movedim(1 if values.ndim == 4 else -1, 0).reshape(
        values.shape[1 if values.ndim == 4 else -1], -1
    )
    if channels.shape[1] < 2:
        return None
    return float((channels.amax(1) == channels.amin(1)).float().mean())


def _image(image: Tensor, index: int, look: Look) -> ImageView:
    stats = stats_of(image)
    low, high = look.value_range or (stats.min or 0.0, stats.max if stats.max is not None else 1.0)
    picture = look.draw(f"{index}", pixels(image.numpy(), low, high))
    return ImageView(picture=picture, width=image.shape[2], height=image.shape[1], stats=stats)


def _maps(values: Tensor, look: Look) -> list[View]:
    """Return views of feature maps (b, c, h, w)."""
    chosen = _channels(values, look)
    order: ChannelOrder = "index" if look.channel is not None else look.order
    found: list[View] = []
    for index, maps in enumerate(values):
        drawn = [heat_map(maps[c].numpy()) for c in chosen]
        views = tuple(
            ChannelView(index=c, picture=look.draw(f"{index}-channel-{c}", picture), stats=stats_of(maps[c]))
            for c, picture in zip(chosen, drawn, strict=True)
        )
        found.append(
            MapsView(
                num_channels=maps.shape[0],
                height=maps.shape[1],
                width=maps.shape[2],
                order=order,
                channels=views,
                sheet=look.draw(f"{index}-sheet", sheet(drawn)),
                stats=stats_of(maps),
            )
        )
    return found


def _channels(values: Tensor, look: Look) -> list[int]:
    count = values.shape[1]
    if look.channel is not None:
        if not 0 <= look.channel < count:
            raise UsageError(
                f"There is no channel {look.channel}; the output has {count}.",
                hint=f"Name one from 0 to {count - 1}.",
            )
        return [look.channel]
    if look.order == "index" or count <= _NUM_CHANNELS:
        return list(range(min(count, _NUM_CHANNELS)))
    return by_activity(values)[:_NUM_CHANNELS]


def by_activity(values: Tensor) -> list[int]:
    """Return the channels of maps (b, c, h, w), those whose values vary most over all images and places first."""
    spread = (
        values.transpose(0, 1).reshape(values.shape[1], -1).nan_to_num(0.0, 0.0, 0.0).std(1, unbiased=False)
    )
    return [int(c) for c in spread.argsort(descending=True, stable=True)]


def _as_maps(tokens: Tensor) -> Tensor:
    """Return tokens (b, n, d) as maps: on their square, without a class token, or all as one map (b, 1, n, d)."""
    found = on_grid(tokens)
    return tokens.unsqueeze(1) if found is None else found[0]


def _mask(classes: NDArray[np.int64], index: int, look: Look) -> MaskView:
    found, counts = np.unique(classes[classes != IGNORED], return_counts=True)
    total = max(1, int(counts.sum()))
    named = [(int(c), name_of(int(c), look.names)) for c in found]
    return MaskView(
        picture=look.draw(f"{index}", mask_picture(classes, IGNORED)),
        width=classes.shape[1],
        height=classes.shape[0],
        shares={name: int(n) / total for (_, name), n in zip(named, counts, strict=True)},
        colors={name: "#{:02x}{:02x}{:02x}".format(*color_of_class(c)) for c, name in named},
    )


def mask_views(classes: Tensor, look: Look) -> list[View]:
    """Return views of masks (b, h, w)."""
    return [_mask(x.numpy().astype(np.int64), i, look) for i, x in enumerate(classes.cpu())]


def _names_or_values(whole: Tensor, look: Look) -> View:
    if look.kind in ("labels", "category") and whole.ndim == 0:
        return LabelsView(names=(name_of(int(whole), look.names),) if int(whole) >= 0 else ())
    return ValuesView(values=tuple(whole.reshape(-1).tolist()))


def _shares(shares: Tensor, look: Look) -> LabelsView:
    names = tuple(name_of(i, look.names) for i, share in enumerate(shares.tolist()) if share >= 0.5)
    return LabelsView(names=names, shares=tuple(map(finite, shares.tolist())))


def _vector(vector: Tensor) -> VectorView:
    values = vector.tolist() if len(vector) <= _MAX_VALUES else ()
    return VectorView(
        size=len(vector),
        values=tuple(map(finite, values)),
        histogram=_histogram(vector),
        stats=stats_of(vector),
    )


def _histogram(vector: Tensor) -> Histogram:
    kept = vector.double()[torch.isfinite(vector)].numpy()
    if not len(kept):
        return Histogram()
    low, high = float(kept.min()), float(kept.max())
    if not high > low + 1e-12 * max(abs(low), abs(high)):
        return Histogram(edges=(low, high), counts=(len(kept),))
    counts, edges = np.histogram(kept, bins=_NUM_BINS, range=(low, high))
    return Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))


def categories_by_column(values: Tensor, names: Sequence[Sequence[str]]) -> list[View]:
    """Return views of categories from a table, (b, n) whole numbers, by the names of each column."""
    rows = values.cpu().tolist()
    return [ValuesView(values=tuple(name_of(i, c) for i, c in zip(row, names, strict=True))) for row in rows]
