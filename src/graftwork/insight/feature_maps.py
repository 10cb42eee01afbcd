"""What each stage of a base makes of images: maps, statistics by channel, and attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.engine.network import Network
from graftwork.engine.preview.tokens import on_grid, token_grid
from graftwork.engine.preview.views import by_activity
from graftwork.errors import GraftworkError
from graftwork.insight.attention import AttentionReader, global_attention
from graftwork.insight.stages import stage_outputs

__all__ = ["ChannelStats", "StageMaps", "channel_change", "channel_stats", "feature_maps"]

Floats = NDArray[np.float32]
_FLAT = 1e-6
"""A channel whose values differ by less than this share of its stage's deviation does not vary."""


@dataclass(frozen=True)
class ChannelStats:
    """Statistics of the channels of a stage, over all images and places; arrays (c,).

    Args:
        mean, std: of the finite values.
        zero_share: share of the values that are exactly zero.
        is_dead: channels that have one and the same value everywhere, on all images; of a single value none can be told.
        num_images: how many images that was found on.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    zero_share: NDArray[np.float64]
    is_dead: NDArray[np.bool_]
    num_images: int


@dataclass(frozen=True)
class StageMaps:
    """The output of one stage.

    Args:
        stage: its name.
        shape: of its output, without the batch.
        kind: 'maps' (c, h, w); 'tokens' (n, d) on a grid; 'vector' for what has no places.
        values: maps (b, c, h, w); of a vector (b, d, 1, 1).
        extra: tokens without a place, such as the class token, (b, t, d); None of maps.
        stats: of its channels.
        order: channels, those that vary most first.
        attention: of each layer in the stage (b, heads, h, w): how much the class token looks at each place,
            or all tokens do on average where there is no class token; empty where it cannot be read.
    """

    stage: str
    shape: tuple[int, ...]
    kind: str
    values: Floats
    stats: ChannelStats
    order: tuple[int, ...]
    extra: Floats | None = None
    attention: tuple[Floats, ...] = field(default=())


def feature_maps(network: Network, values: Mapping[str, Tensor]) -> list[StageMaps]:
    """Return what each stage of the main base gives for some images, from one pass.

    Computed in float32, also where the run used fewer digits.

    Args:
        network: in evaluation mode.
        values: by wire; images (b, c, h, w), normalized, at the image wire.

    Raises:
        FlowError: there is no base, or it stands on a wire that ``values`` do not lead to.
    """
    images = values[network.image_wire]
    size = (int(images.shape[2]), int(images.shape[3]))
    found: list[StageMaps] = []
    with torch.inference_mode():
        stages = stage_outputs(network, values)
        while True:
            reader = AttentionReader()
            with reader:
                at = next(stages, None)
            if at is None:
                return found
            found.append(_described(*at, reader.found, size))


def _described(stage: str, output: Tensor, attention: list[Tensor], size: tuple[int, int]) -> StageMaps:
    shape = tuple(output.shape[1:])
    output = output.detach().float()
    placed = on_grid(output, size)
    if placed is None:
        # Without places: a vector, or tokens that lie on no grid, each of which then counts as a place.
        flat = (
            output.reshape(len(output), -1, 1, 1) if output.ndim != 3 else output.transpose(1, 2)[..., None]
        )
        return StageMaps(stage, shape, "vector", _array(flat), channel_stats(flat), _order(flat))
    maps, grid = placed
    is_tokens = output.ndim == 3
    extra = _array(output[:, : grid.extra]) if is_tokens and grid.extra else None
    return StageMaps(
        stage,
        shape,
        "tokens" if is_tokens else "maps",
        _array(maps),
        channel_stats(maps),
        _order(maps),
        extra,
        _attention_maps(attention, output.shape[1], len(output), size) if is_tokens else (),
    )


def channel_stats(values: Tensor) -> ChannelStats:
    """Return statistics of the channels of maps (b, c, h, w), b >= 1."""
    flat = values.transpose(0, 1).reshape(values.shape[1], -1).double()
    good = torch.isfinite(flat)
    count = good.sum(1)
    kept = torch.where(good, flat, 0.0)
    mean = kept.sum(1) / count.clamp_min(1)
    spread = torch.where(good, (flat - mean[:, None]).square(), 0.0).sum(1) / count.clamp_min(1)
    high = torch.where(good, flat, -torch.inf).amax(1)
    low = torch.where(good, flat, torch.inf).amin(1)
    scale = float(kept.std(unbiased=False)) if kept.numel() else 0.0
    is_dead = ((high - low <= _FLAT * scale) | (count == 0)) & (flat.shape[1] > 1)
    return ChannelStats(
        mean.cpu().numpy(),
        spread.sqrt().cpu().numpy(),
        (flat == 0).double().mean(1).cpu().numpy(),
        is_dead.cpu().numpy(),
        len(values),
    )


def channel_change(before: StageMaps, after: StageMaps) -> NDArray[np.float64]:
    """Return how far each channel moved, (c,): root mean square of the difference over that of ``before``.

    0 where nothing changed, infinite where a silent channel came to life.

    Raises:
        GraftworkError: the two are not of the same stage and images.
    """
    if before.values.shape != after.values.shape:
        raise GraftworkError(
            f"Stage '{before.stage}' gives {before.values.shape} before training and {after.values.shape} after.",
            hint="Compare the same images at the same stage.",
        )
    old, new = before.values.astype(np.float64), after.values.astype(np.float64)
    moved = np.sqrt(np.square(new - old).mean((0, 2, 3)))
    size = np.sqrt(np.square(old).mean((0, 2, 3)))
    with np.errstate(divide="ignore", invalid="ignore"):
        change: NDArray[np.float64] = np.where(moved == 0, 0.0, moved / size)
    return change


def _attention_maps(
    found: list[Tensor], num_tokens: int, batch: int, size: tuple[int, int]
) -> tuple[Floats, ...]:
    kept, grid = global_attention(found, num_tokens, batch), token_grid(num_tokens, size)
    if kept is None or grid is None:
        return ()
    maps = []
    for one in kept:
        weights = one.reshape(batch, -1, num_tokens, num_tokens)
        rows = weights[:, :, 0] if grid.extra else weights.mean(2)
        maps.append(_array(rows[..., grid.extra :].reshape(batch, -1, grid.height, grid.width)))
    return tuple(maps)


def _order(maps: Tensor) -> tuple[int, ...]:
    return tuple(by_activity(maps))


def _array(values: Tensor) -> Floats:
    array: Floats = values.detach().cpu().float().numpy()
    return array
