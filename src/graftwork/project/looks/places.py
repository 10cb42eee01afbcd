"""What a run said of each place of its images: rows of masks or heat maps with their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.places import ClassOverlap, PlacePage, PlaceRow
from graftwork.documents.record import AnomalyScores, RunRecord
from graftwork.errors import DataError, RunError
from graftwork.project.looks.inspection import Inspection
from graftwork.project.looks.map_pictures import (
    class_legend,
    heat_picture,
    mask_layer,
    scale_colors,
    wrong_layer,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.data import ImageSet, Transform
    from graftwork.engine.map_files import StoredMaps
    from graftwork.project.run import Run

__all__ = ["Order", "inspect_places", "place_page"]

Order = Literal["worst", "best", "key"]
SplitName = Literal["validation", "test"]
Pictures = dict[str, "NDArray[np.uint8]"]


def inspect_places(
    state: Any, subject: str, choices: Mapping[str, Any] | None = None
) -> tuple[PlacePage, dict[str, bytes]]:
    """Return a page of a run's masks or heat maps, and its pictures as PNG files: the bench's task.

    Args:
        state: of the bench's child.
        subject: id of the run.
        choices: as ``place_page`` takes them.
    """
    from graftwork.project.looks.map_pictures import png_of

    page, pictures = place_page(state.inspection(subject), **dict(choices or {}))
    return page, {name: png_of(picture) for name, picture in pictures.items()}


def place_page(
    inspection: Inspection,
    *,
    split: SplitName = "test",
    order: Order = "worst",
    offset: int = 0,
    limit: int = 12,
) -> tuple[PlacePage, Pictures]:
    """Return some images of a run with what it said of their places, and pictures by the names in the rows.

    Args:
        inspection: of a run.
        split: whose images.
        order: 'worst': masks by their overlap, the least first; anomalies by their score, the oddest first.
            'best' turns that around; 'key' goes by name.
        offset: images to pass over.
        limit: most images to return.

    Raises:
        RunError: a flow that was not trained, or a run that kept neither masks nor heat maps.
    """
    from graftwork.engine.map_files import read_maps

    run = inspection.run
    if run is None:
        raise RunError(
            f"The flow '{inspection.flow.name}' was not trained.",
            hint="Name a run of it; graftwork runs list shows them.",
        )
    maps = read_maps(run.path)
    scores = _scores(run) if maps.is_heat else {}
    rows = [i for i, name in enumerate(maps.splits) if name == split]
    rows = _ordered(rows, maps, scores, order)
    painter = _Painter(inspection, run, maps, scores)
    pictures: Pictures = {}
    found = []
    for row in rows[max(0, offset) :][: max(0, limit)]:
        inspection.check_stop()
        found.append(painter.row(row, pictures))
    page = PlacePage(
        run=run.id,
        kind="heat" if maps.is_heat else "mask",
        split=split,
        total=len(rows),
        legend=painter.legend,
        threshold=_threshold(run.record, split) if maps.is_heat else None,
        scale=painter.scale,
        scale_colors=scale_colors() if maps.is_heat else (),
        rows=tuple(found),
    )
    return page, pictures


def _scores(run: Run) -> dict[str, float]:
    """Return the score of each image by key."""
    import pyarrow.parquet as pq

    from graftwork.engine.folder import PREDICTIONS

    columns = pq.read_table(run.path / PREDICTIONS, columns=["key", "p_0"]).to_pydict()
    return dict(zip(columns["key"], map(float, columns["p_0"]), strict=True))


def _threshold(record: RunRecord, split: SplitName) -> float | None:
    scores = record.metrics.get(split)
    return scores.threshold if isinstance(scores, AnomalyScores) else None


def _ordered(rows: list[int], maps: StoredMaps, scores: Mapping[str, float], order: Order) -> list[int]:
    rows = sorted(rows, key=lambda i: maps.keys[i])
    if order == "key":
        return rows
    values = {i: -scores[maps.keys[i]] if maps.is_heat else float(maps.overlaps[i]) for i in rows}
    sign = 1.0 if order == "worst" else -1.0
    # What has no value, as an image without a pixel that counts, comes last.
    return sorted(
        rows, key=lambda i: (values[i] != values[i], sign * values[i] if values[i] == values[i] else 0)
    )


class _Painter:
    """Makes the rows of one page."""

    def __init__(
        self, inspection: Inspection, run: Run, maps: StoredMaps, scores: Mapping[str, float]
    ) -> None:
        from graftwork.data import Transform

        self.maps, self.scores = maps, scores
        self.transform: Transform = Transform.for_port(run.plan.port)
        self.images: ImageSet = inspection.images
        self.index = {sample.key: i for i, sample in enumerate(self.images.samples)}
        self.has_masks = self.images.label_kind == "mask"
        self.classes: Sequence[str] = run.plan.classes
        self.scale = maps.scale if maps.is_heat else None
        self.legend = () if maps.is_heat and not self.has_masks else class_legend(self.classes)

    def row(self, row: int, pictures: Pictures) -> PlaceRow:
        """Return one row; its pictures are added."""
        key = self.maps.keys[row]
        index = self.index.get(key)
        said = self.maps.map(row)
        score = self.scores.get(key)
        overlap = float(self.maps.overlaps[row])
        known: dict[str, Any] = {
            "key": key,
            "digest": "" if index is None else self.images.samples[index].digest,
            "score": score,
            "overlap": overlap if overlap == overlap else None,
        }
        if index is None:
            return PlaceRow(**known, problem="The image is not there any more.")
        if said is None:
            return PlaceRow(**known, problem="The map of this image was not kept; the file of maps was full.")
        try:
            layers, facts = self._layers(index, said)
        except DataError as error:
            return PlaceRow(**known, problem=error.message)
        names = {name: f"{row:06}-{name}.png" for name in layers}
        pictures.update({names[name]: picture for name, picture in layers.items()})
        return PlaceRow(**known, **facts, pictures=names)

    def _layers(self, index: int, said: NDArray[Any]) -> tuple[Pictures, dict[str, Any]]:
        """Return the pictures of one image by what they show, and what is measured on them."""
        from graftwork.data import read_canvas

        layers: Pictures = {"image": read_canvas(self.images, index, self.transform)}
        mask = None
        if self.has_masks:
            size, share = self.transform.size, self.transform.crop_share
            mask = self.images.read_mask(index, size, crop_share=share)
            layers["label"] = mask_layer(mask)
        if self.maps.is_heat:
            return self._heat(index, said, layers)
        assert mask is not None
        return self._mask(said, mask, layers)

    def _heat(self, index: int, said: NDArray[Any], layers: Pictures) -> tuple[Pictures, dict[str, Any]]:
        from graftwork.engine.heat import heat_map
        from graftwork.insight.places import peak_of

        assert self.scale is not None
        heat = heat_map(said, self.transform.size)
        layers["heat"] = heat_picture(heat, self.scale)
        sample = self.images.samples[index]
        label = None if sample.label is None else self.images.classes[sample.label]
        return layers, {"peak": peak_of(heat), "label": label}

    def _mask(
        self, said: NDArray[Any], mask: NDArray[Any], layers: Pictures
    ) -> tuple[Pictures, dict[str, Any]]:
        from graftwork.insight.places import class_overlaps, wrong_pixels

        wrong = wrong_pixels(said, mask)
        layers["said"], layers["wrong"] = mask_layer(said), wrong_layer(wrong)
        counted = int((mask != 255).sum())
        rows = class_overlaps(said, mask, len(self.classes))
        overlaps = tuple(
            ClassOverlap(
                name=name,
                iou=None if iou != iou else float(iou),
                label_share=float(there) if counted else 0.0,
                said_share=float(told) if counted else 0.0,
            )
            for name, (iou, there, told) in zip(self.classes, rows, strict=True)
        )
        share = float(wrong.sum() / counted) if counted else None
        return layers, {"wrong_share": share, "classes": overlaps}
