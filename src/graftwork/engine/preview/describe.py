"""From the values of a node to the document of its preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.data import ImageSet
from graftwork.documents.card import InputPort
from graftwork.documents.flow import Node
from graftwork.documents.preview import CustomView, ImageView, PreviewDocument, SamplePreview, View
from graftwork.engine.preview.bench import Bench
from graftwork.engine.preview.pictures import heat_map, pixels
from graftwork.engine.preview.samples import label_of
from graftwork.engine.preview.scores import (
    PreviewObjective,
    find_objective,
    objective_at,
    objective_views,
    score_views,
)
from graftwork.engine.preview.views import ChannelOrder, Look, categories_by_column, look_at, stats_of
from graftwork.errors import CustomCodeError, GraftworkError
from graftwork.graph.contracts import BackboneSettings
from graftwork.graph.wires import face_of

__all__ = ["Shown", "describe"]

_MAX_PICTURES = 16


@dataclass(frozen=True)
class Shown:
    """What is to be shown: a node, the port, and the value there; of an objective its inputs, and no port."""

    node: Node
    port: str | None
    values: Sequence[Tensor]


def describe(
    shown: Shown,
    bench: Bench,
    images: ImageSet,
    positions: Sequence[int],
    *,
    channel: int | None,
    order: ChannelOrder,
) -> tuple[PreviewDocument, dict[str, NDArray[np.uint8]]]:
    """Return the document of a preview, without its time, and its pictures by name."""
    node, raw = shown.node, shown.values[0].detach().cpu()
    value = raw
    wire = None if shown.port is None else bench.wires.get(f"{node.id}.{shown.port}")
    kind = "objective" if shown.port is None else (wire.kind if wire is not None else "features")
    look = Look(kind, images.classes, channel=channel, order=order)
    notes: list[str] = []
    if kind == "image" and value.ndim == 4:
        value, look.value_range = _as_pixels(value, node, bench)
    views = [
        _with_raw_stats(v, x) for v, x in zip(_views(shown, value, look, bench, notes), raw, strict=True)
    ]
    custom = _custom_view(node, bench, look) if node.component == "custom" else None
    samples = [
        SamplePreview(
            key=images.samples[p].key, label=label_of(images, p), split=images.samples[p].split, view=view
        )
        for p, view in zip(positions, views, strict=True)
    ]
    document = PreviewDocument(
        flow=bench.flow.name,
        node=node.id,
        component=node.component,
        port=shown.port,
        kind=kind,
        shape=tuple(value.shape),
        dtype=str(shown.values[0].dtype).removeprefix("torch."),
        ports=tuple(p.name for p in face_of(node).outputs),
        fingerprint=bench.keys.output(node.id),
        weights=_weights(bench),
        seconds=0.0,
        from_cache=not bench.computed,
        computed=tuple(dict.fromkeys(bench.computed)),
        stats=stats_of(shown.values[0], with_channels=True),
        samples=tuple(samples),
        custom=custom,
        notes=tuple(notes),
    )
    return document, look.pictures


def _views(shown: Shown, value: Tensor, look: Look, bench: Bench, notes: list[str]) -> list[View]:
    images = bench.images
    if shown.port is None:
        objective = _objective(bench, shown.node.id)
        if not objective.is_fitted:
            notes.append(
                "This objective learns from the training images first; choose a run to see its scores."
            )
        return objective_views(shown.values, objective, bench.labels(), images, shown.node.id)
    wire = f"{shown.node.id}.{shown.port}"
    objective_id = find_objective(bench.flow, wire)
    if look.kind in ("logits", "probabilities") or objective_id is not None:
        reader = _reader(bench, objective_id, notes)
        if reader is None or reader.module.wants != "none":
            found = score_views(value, reader, bench.labels(), images, look)
            if found is not None:
                return found
    if shown.port == "categories" and face_of(shown.node).contract.group == "data":
        return categories_by_column(value, images.category_values)
    return look_at(value, look)


def _with_raw_stats(view: View, raw: Tensor) -> View:
    """Return an image's view with the statistics of the tensor as it travels, not of the pixels shown."""
    return view.edit(stats=stats_of(raw)) if isinstance(view, ImageView) else view


def _reader(bench: Bench, objective_id: str | None, notes: list[str]) -> PreviewObjective | None:
    """Return the objective that reads a wire; one with problems of its own is passed over."""
    if objective_id is None:
        return None
    try:
        return _objective(bench, objective_id)
    except (GraftworkError, ValueError) as error:
        notes.append(f"The objective '{objective_id}' cannot be used: {error}")
        return None


def _objective(bench: Bench, node_id: str) -> PreviewObjective:
    return objective_at(bench.flow, node_id, bench.images, None if bench.run is None else bench.run.folder)


def _weights(bench: Bench) -> str:
    """Return where the weights come from."""
    if bench.run is not None:
        return bench.run.folder.name
    backbones = [BackboneSettings.model_validate(n.settings) for n in bench.sub.of_component("backbone")]
    trained = [s for s in backbones if s.strategy != "from_scratch" and not s.base.startswith("random:")]
    return "pretrained" if trained else "initial"


def _as_pixels(value: Tensor, node: Node, bench: Bench) -> tuple[Tensor, tuple[float, float] | None]:
    """Return images with their normalization taken back where it is known, and the range of their values."""
    if face_of(node).contract.group == "data":
        return _denormalized(value, bench.builder.port), (0.0, 1.0)
    found = next(
        (w for name, w in bench.wires.items() if name.startswith(f"{node.id}.") and w.kind == "image"), None
    )
    if found is None or found.is_normalized:
        return value, None
    return value, found.value_range


def _denormalized(value: Tensor, port: InputPort) -> Tensor:
    """Return normalized images (b, c, h, w) as pixels between 0 and 1, RGB."""

    def per_channel(values: tuple[float, ...]) -> Tensor:
        # One channel of a port made for color images is described by the mean over the channels.
        own = values if len(values) == value.shape[1] else (float(np.mean(values)),) * value.shape[1]
        return torch.tensor(own).view(1, -1, 1, 1)

    low, high = port.value_range
    found = (value.float() * per_channel(port.std) + per_channel(port.mean) - low) / (high - low)
    return found.flip(1) if port.channel_order == "bgr" and value.shape[1] == 3 else found


def _custom_view(node: Node, bench: Bench, look: Look) -> CustomView | None:
    """Let the preview of custom code draw; what goes wrong in it is told on the node."""
    custom = bench.custom(node)
    if custom is None or custom.preview is None:
        return None
    outputs = {p.name: bench.value(f"{node.id}.{p.name}").detach().cpu() for p in face_of(node).outputs}
    try:
        drawn = custom.preview(outputs)
        arrays = drawn if isinstance(drawn, Mapping) else {"preview": drawn}
        names = {}
        for name, array in list(arrays.items())[:_MAX_PICTURES]:
            names[str(name)] = look.draw(f"custom-{_file_name(str(name))}", _picture(str(name), array))
        return CustomView(pictures=names)
    except (GraftworkError, TypeError, ValueError) as error:
        return CustomView(error=str(error))


def _picture(name: str, array: Any) -> NDArray[np.uint8]:
    """Return what custom code drew as uint8 RGB (h, w, 3): gray values as a heat map, colors as they are."""
    values = np.asarray(array.detach().cpu() if isinstance(array, Tensor) else array)
    if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] not in (1, 3):
        values = values.transpose(1, 2, 0)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim not in (2, 3) or 0 in values.shape or (values.ndim == 3 and values.shape[2] != 3):
        raise CustomCodeError(
            f"The preview gave {tuple(values.shape)} for '{name}'; an image (h, w) or (h, w, 3) is wanted.",
            hint="Return one array, or a dict of arrays by name.",
        )
    if values.ndim == 2:
        return heat_map(values.astype(np.float64))
    if values.dtype == np.uint8:
        return values
    high = 255.0 if np.issubdtype(values.dtype, np.integer) else 1.0
    return pixels(values.astype(np.float64).transpose(2, 0, 1), 0.0, high)


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40] or "preview"
