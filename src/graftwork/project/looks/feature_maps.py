"""One image through every stage of a base, under pretrained and trained weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.feature_maps import (
    AttentionMap,
    ChannelMap,
    ChannelSide,
    MapsDocument,
    StageLook,
    StageSide,
    Weights,
)
from graftwork.errors import UnknownName, UsageError, did_you_mean
from graftwork.project.looks.one_image import OneImage, find_image, other_images, pretrained, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.engine.build import Built
    from graftwork.insight.feature_maps import StageMaps
    from graftwork.project.bench_state import BenchState
    from graftwork.project.looks.inspection import Inspection

__all__ = ["Maps", "MapsOf", "Order", "Sides", "draw_maps", "inspect_maps", "look_through"]

Order = Literal["activity", "change", "index"]
Sides = Literal["both", "pretrained", "trained"]
_NUM_OTHERS = 8
_NUM_CHANNELS = 24
_MOST_CHANNELS = 512
_KEPT = 4


@dataclass(frozen=True)
class MapsOf:
    """What every stage gives, before anything is drawn.

    Args:
        image: that is shown.
        canvas: the image as the base sees it, uint8 (h, w, 3).
        sides: stages by weights; values are of the image alone, statistics of all images.
        change: by stage, how far each channel moved, (c,); empty for one side.
        num_images: that statistics are counted over.
        notes: what the user should know.
    """

    image: OneImage
    canvas: NDArray[np.uint8]
    sides: dict[Weights, list[StageMaps]]
    change: dict[str, NDArray[np.float64]]
    num_images: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Maps:
    """The document, and its pictures by name, uint8 (h, w, 3)."""

    document: MapsDocument
    pictures: dict[str, NDArray[np.uint8]]


def look_through(
    inside: Inspection,
    image: str | Path | bytes,
    *,
    weights: Sides | None = None,
    among: int = _NUM_OTHERS,
    name: str = "image",
    only_keys: bool = False,
) -> MapsOf:
    """Return what every stage of the main base gives for an image, under pretrained and trained weights.

    Args:
        inside: a run, or a flow, of which only pretrained weights are known.
        image: key of one of the images, path of a file, or the content of one.
        weights: None takes both of a run, the pretrained ones of a flow.
        among: how many more images of the test split the statistics are counted over.
        name: of content that was sent.
        only_keys: whether text never means a file.

    Raises:
        RunError: trained weights of what was not trained.
        UnknownName: no such image.
        FlowError: there is no base that opens into stages.
    """
    from graftwork.insight.feature_maps import channel_change

    built = _networks(inside, weights)
    found = find_image(inside, image, name=name, only_keys=only_keys)
    others, trouble = other_images(inside, found, among)
    chosen = [found, *others]
    sides = {side: _stages(inside, one, chosen) for side, one in built.items()}
    change = {}
    if len(sides) == 2:
        before, after = sides["pretrained"], sides["trained"]
        change = {a.stage: channel_change(a, b) for a, b in zip(before, after, strict=True)}
    notes = []
    if trouble is not None:
        notes.append(f"Statistics are of {len(chosen)} image{'s' if len(chosen) > 1 else ''} only: {trouble}")
    first = next(iter(built.values()))
    return MapsOf(
        found,
        found.canvas(_transform(first)),
        {side: [_first_only(stage) for stage in stages] for side, stages in sides.items()},
        change,
        len(chosen),
        tuple(notes),
    )


def draw_maps(
    found: MapsOf,
    inside: Inspection,
    *,
    stage: str | None = None,
    order: Order = "activity",
    number: int = _NUM_CHANNELS,
) -> Maps:
    """Return the document of what was found, and its pictures.

    Args:
        found: by ``look_through``.
        inside: that it was found in.
        stage: whose channels are shown; None takes the last one with places.
        order: which channels come first.
        number: how many of them, at most 512.

    Raises:
        UnknownName: no such stage.
        UsageError: another number of channels; an order by change of one side.
    """
    if not 1 <= number <= _MOST_CHANNELS:
        raise UsageError(f"1 to {_MOST_CHANNELS} channels are shown, got {number}.")
    if order == "change" and not found.change:
        raise UsageError("One set of weights has no change.", hint="Ask for both, or order by activity.")
    stages = next(iter(found.sides.values()))
    shown = _shown(stages, stage)
    pictures = {"input": found.canvas}
    document = MapsDocument(
        flow=inside.flow.name,
        run=None if inside.run is None else inside.run.id,
        image=found.image.name,
        label=found.image.label,
        split=found.image.split,
        weights=tuple(found.sides),
        input="input",
        num_images=found.num_images,
        stages=tuple(_stage_look(found, at, pictures) for at in range(len(stages))),
        shown=stages[shown].stage,
        order=order,
        channels=_channels(found, shown, order, number, pictures),
        attention=_attention(found, shown, pictures),
        notes=(*found.notes, *_stage_notes(stages[shown])),
    )
    return Maps(document, pictures)


def inspect_maps(
    state: BenchState,
    subject: Any,
    image: str | bytes,
    choices: dict[str, Any],
    name: str = "image",
) -> tuple[MapsDocument, dict[str, bytes]]:
    """Return the document and its pictures as PNG files; what was computed is kept for the next stage."""
    inside = state.inspection(subject)
    kept: dict[tuple[int, str | bytes, str | None], tuple[Inspection, MapsOf]] = state.kept.setdefault(
        "maps", {}
    )
    key = (id(inside), image, choices.get("weights"))
    if key not in kept or kept[key][0] is not inside:
        while len(kept) >= _KEPT:
            del kept[next(iter(kept))]
        kept[key] = (
            inside,
            look_through(inside, image, weights=choices.get("weights"), name=name, only_keys=True),
        )
    found = kept[key][1]
    wanted = {k: v for k, v in choices.items() if k != "weights" and v is not None}
    made = draw_maps(found, inside, **wanted)
    return made.document, {name: state.png(picture) for name, picture in made.pictures.items()}


def _networks(inside: Inspection, weights: Sides | None) -> dict[Weights, Built]:
    if weights is None:
        weights = "pretrained" if inside.run is None else "both"
    found: dict[Weights, Built] = {}
    if weights in ("both", "trained"):
        inside.trained.network.eval()
        found["trained"] = inside.trained.built
    if weights in ("both", "pretrained"):
        found = {"pretrained": pretrained(inside), **found}
    return found


def _transform(built: Built) -> Any:
    from graftwork.data import Transform

    return Transform.for_port(built.port)


def _stages(inside: Inspection, built: Built, chosen: Sequence[OneImage]) -> list[StageMaps]:
    from graftwork.engine.compute import deterministic
    from graftwork.insight.feature_maps import feature_maps

    inside.check_stop()
    compute = inside.trained.compute if inside.run is not None else inside.prepared.plan.compute
    values = values_of(inside, built, chosen, _transform(built), compute, with_columns=False)
    with deterministic(compute):
        return feature_maps(built.network, values)


def _first_only(stage: StageMaps) -> StageMaps:
    """Return a stage with the values and the order of the first image alone; the statistics stay those of all.

    A vector has no places to vary over: its channels stay in the order of all images.
    """
    import torch

    from graftwork.engine.preview.views import by_activity

    values = stage.values[:1].copy()
    return replace(
        stage,
        values=values,
        order=tuple(by_activity(torch.from_numpy(values))) if values[0, 0].size > 1 else stage.order,
        extra=None if stage.extra is None else stage.extra[:1].copy(),
        attention=tuple(a[:1].copy() for a in stage.attention),
    )


def _shown(stages: Sequence[StageMaps], name: str | None) -> int:
    names = [s.stage for s in stages]
    if name is None:
        placed = [i for i, s in enumerate(stages) if s.kind != "vector"]
        return placed[-1] if placed else len(stages) - 1
    if name not in names:
        raise UnknownName(
            f"The base has no stage '{name}'.",
            hint=did_you_mean(name, names) or f"Stages: {', '.join(names[:12])}.",
        )
    return names.index(name)


def _stage_look(found: MapsOf, at: int, pictures: dict[str, NDArray[np.uint8]]) -> StageLook:
    import numpy as np

    sides = {side: stages[at] for side, stages in found.sides.items()}
    one = next(iter(sides.values()))
    sizes = {side: _overview(s) for side, s in sides.items()}
    scale = _scale(list(sizes.values()))
    looks: dict[Weights, StageSide] = {}
    for side, stage in sides.items():
        name = f"{at:02}-{side}"
        pictures[name] = _heat(sizes[side], scale)
        stats = stage.stats
        mean = float(stats.mean.mean())
        looks[side] = StageSide(
            picture=name,
            mean=_finite(mean),
            std=_finite(float(np.sqrt(np.square(stats.std).mean() + np.square(stats.mean - mean).mean()))),
            zero_share=float(stats.zero_share.mean()),
            num_dead=int(stats.is_dead.sum()),
        )
    return StageLook(
        stage=one.stage,
        kind=one.kind,
        shape=one.shape,
        grid=(one.values.shape[2], one.values.shape[3]),
        num_extra=0 if one.extra is None else one.extra.shape[1],
        num_channels=one.values.shape[1],
        sides=looks,
        change=_stage_change(found, one),
    )


def _stage_change(found: MapsOf, before: StageMaps) -> float | None:
    """Return how far a stage moved: channels' changes weighted by their size, as if they were one."""
    import numpy as np

    change = found.change.get(before.stage)
    if change is None:
        return None
    size = np.square(before.stats.mean) + np.square(before.stats.std)  # mean square of each channel
    known = np.isfinite(change)
    if not size[known].sum() > 0:
        return 0.0 if bool((change == 0).all()) else None
    return _finite(float(np.sqrt((np.square(change[known]) * size[known]).sum() / size[known].sum())))


def _overview(stage: StageMaps) -> NDArray[np.float64]:
    """Return the mean size of the values at each place, (h, w); of a vector each of its values, as square as it goes."""
    import numpy as np

    values = np.abs(stage.values[0].astype(np.float64))
    if stage.kind != "vector" or values.shape[1] > 1:
        return np.asarray(values.mean(0))
    columns = math.ceil(math.sqrt(len(values)))
    whole = np.full(math.ceil(len(values) / columns) * columns, values.min())
    whole[: len(values)] = values[:, 0, 0]
    return whole.reshape(-1, columns)


def _channels(
    found: MapsOf, at: int, order: Order, number: int, pictures: dict[str, NDArray[np.uint8]]
) -> tuple[ChannelMap, ...]:
    sides = {side: stages[at] for side, stages in found.sides.items()}
    change = found.change.get(next(iter(sides.values())).stage)
    return tuple(
        _channel(sides, change, at, channel, pictures) for channel in _ordered(sides, change, order)[:number]
    )


def _ordered(
    sides: Mapping[Weights, StageMaps], change: NDArray[np.float64] | None, order: Order
) -> list[int]:
    import numpy as np

    last = list(sides.values())[-1]
    if order == "index":
        return list(range(last.values.shape[1]))
    if order == "change" and change is not None:
        # A silent channel that came to life changed most; one that is not a number least.
        return [int(c) for c in np.argsort(-np.nan_to_num(change, nan=-1.0, posinf=1e300), kind="stable")]
    return list(last.order)


def _channel(
    sides: Mapping[Weights, StageMaps],
    change: NDArray[np.float64] | None,
    at: int,
    channel: int,
    pictures: dict[str, NDArray[np.uint8]],
) -> ChannelMap:
    scale = _scale([s.values[0, channel] for s in sides.values()])
    looks: dict[Weights, ChannelSide] = {}
    for side, stage in sides.items():
        name = f"{at:02}-{side}-{channel}"
        has_places = stage.kind != "vector"
        if has_places:
            pictures[name] = _heat(stage.values[0, channel], scale)
        looks[side] = ChannelSide(
            picture=name if has_places else None,
            mean=float(stage.stats.mean[channel]),
            std=float(stage.stats.std[channel]),
            zero_share=float(stage.stats.zero_share[channel]),
            is_dead=bool(stage.stats.is_dead[channel]),
        )
    return ChannelMap(
        index=channel,
        low=_finite(scale[0]),
        high=_finite(scale[1]),
        change=None if change is None else _finite(float(change[channel])),
        sides=looks,
    )


def _attention(found: MapsOf, at: int, pictures: dict[str, NDArray[np.uint8]]) -> tuple[AttentionMap, ...]:
    sides = {side: stages[at].attention for side, stages in found.sides.items()}
    one = next(iter(sides.values()))
    made = []
    for layer, heads in enumerate(one):
        for head in range(heads.shape[1]):
            shown = {side: maps[layer][0, head] for side, maps in sides.items()}
            scale = _scale(list(shown.values()))
            names: dict[Weights, str] = {}
            for side, values in shown.items():
                names[side] = f"{at:02}-{side}-attention-{layer}-{head}"
                pictures[names[side]] = _heat(values, scale)
            made.append(AttentionMap(layer=layer, head=head, sides=names))
    return tuple(made)


def _stage_notes(stage: StageMaps) -> tuple[str, ...]:
    if stage.kind == "vector" and len(stage.shape) == 2:
        return (f"The {stage.shape[0]} tokens of stage '{stage.stage}' lie on no grid that is known.",)
    if stage.kind == "tokens" and not stage.attention:
        return (f"In stage '{stage.stage}' no attention between all tokens could be read.",)
    return ()


def _heat(values: NDArray[Any], scale: tuple[float, float]) -> NDArray[np.uint8]:
    from graftwork.engine.preview.pictures import heat_map

    return heat_map(values, scale)


def _scale(values: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Return the least and the largest finite value of several pictures, so that one scale serves all."""
    import numpy as np

    joined = np.concatenate([v.ravel() for v in values])
    joined = joined[np.isfinite(joined)]
    return (float(joined.min()), float(joined.max())) if len(joined) else (0.0, 0.0)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
