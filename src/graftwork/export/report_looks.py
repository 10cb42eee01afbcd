"""Looks inside as parts of the report: pictures and rows, before any HTML."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from graftwork.documents.data_quality import LabelSuspect
from graftwork.documents.depth import StageDepth
from graftwork.documents.drift import PartDrift
from graftwork.documents.evaluation import CalibrationState, Evaluation, SliceScore
from graftwork.export.look_charts import (
    Band,
    draw_bands,
    draw_histogram,
    draw_map,
    draw_reliability,
    draw_stages,
)
from graftwork.export.looks import Looks
from graftwork.export.pictures import Images, picture_of

__all__ = ["CurveView", "DataView", "DepthView", "EvaluationView", "LookViews", "MapView", "show_looks"]

_MOST_SLICES = 12
_MOST_SUSPECTS = 12
_CLASSES_OF_MAP = 10
_BARS = ("right", "wrong", "third")
_HISTOGRAM_TITLES = {"anomaly": "Images by anomaly score"}


@dataclass(frozen=True)
class EvaluationView:
    """Calibration, confidence, and the parts of the images that fare worst."""

    split: str
    reliability: Markup
    histogram: Markup
    keys: dict[str, str]
    """Style of each name in the histogram."""
    histogram_title: str
    states: tuple[tuple[str, CalibrationState], ...]
    """Before, and after temperature scaling."""
    temperature: float | None
    note: str | None
    slices: tuple[tuple[str, SliceScore], ...]
    """Column and part; only parts that fare worse than the rest."""
    slice_score: str | None


@dataclass(frozen=True)
class DepthView:
    """The probe by depth."""

    picture: Markup
    rows: tuple[StageDepth, ...]
    best: str | None
    cut: str | None
    present: str
    sentence: str


@dataclass(frozen=True)
class DataView:
    """What the base says of the data."""

    facts: tuple[tuple[str, str], ...]
    suspects: tuple[tuple[LabelSuspect, str | None], ...]
    """Each with a data address of its picture."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class MapView:
    """Images as points, one picture a side."""

    sides: tuple[tuple[str, Markup, str], ...]
    labels: tuple[str, ...]
    """In the order of colors; empty when colors stand for several."""
    sentence: str


@dataclass(frozen=True)
class CurveView:
    """How many labels transfer saves."""

    picture: Markup
    answer: str
    has_scratch: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LookViews:
    """All looks as the template wants them."""

    evaluation: EvaluationView | None
    depth: DepthView | None
    drift: tuple[PartDrift, ...]
    drift_note: str
    data: DataView | None
    map: MapView | None
    curve: CurveView | None


def show_looks(looks: Looks, *, cut: str, images: Images | None) -> LookViews:
    """Return what the report shows of the looks.

    Args:
        looks: as far as they were taken.
        cut: where the run was cut.
        images: opens an image of the run by its key.
    """
    drift = looks.drift
    note = "" if drift is None else f"CKA on {drift.num_images:,} {drift.split} images, {drift.cka}."
    return LookViews(
        evaluation=_evaluation(looks),
        depth=_depth(looks, cut),
        drift=drift.parts if drift else (),
        drift_note=note,
        data=_data(looks, images),
        map=_map(looks),
        curve=_curve(looks),
    )


def _evaluation(looks: Looks) -> EvaluationView | None:
    found = looks.evaluation
    if found is None:
        return None
    calibration = found.calibration
    states: list[tuple[str, CalibrationState]] = []
    if calibration is not None:
        states.append(("As trained", calibration.before))
        if calibration.after is not None:
            states.append(("After temperature scaling", calibration.after))
    rows = [(column.name, one) for column in found.slices for one in column.slices if not one.is_small]
    sign = -1 if found.slice_score == "mae" else 1
    rows = [(name, s) for name, s in rows if s.difference is not None and sign * s.difference.value < 0]
    rows.sort(key=lambda row: sign * row[1].score.value)
    histogram, styles = _histogram(found)
    return EvaluationView(
        split=found.split,
        reliability=draw_reliability("Share that is right by confidence", calibration.before.width_bins)
        if calibration
        else Markup(""),
        histogram=histogram,
        keys=styles,
        histogram_title=_HISTOGRAM_TITLES.get(found.kind, "Images by confidence"),
        states=tuple(states),
        temperature=calibration.temperature.value if calibration and calibration.temperature else None,
        note=calibration.note if calibration else None,
        slices=tuple(rows[:_MOST_SLICES]),
        slice_score=found.slice_score,
    )


def _histogram(found: Evaluation) -> tuple[Markup, dict[str, str]]:
    """Return the picture, and the style of each name in it."""
    if found.confidence is None:
        return Markup(""), {}
    names = sorted(found.confidence.counts, key=lambda name: name != "right")
    styles = {name: _BARS[min(i, len(_BARS) - 1)] for i, name in enumerate(names)}
    title = _HISTOGRAM_TITLES.get(found.kind, "Images by confidence")
    return draw_histogram(title, found.confidence, styles), styles


def _depth(looks: Looks, cut: str) -> DepthView | None:
    found = looks.depth
    if found is None:
        return None
    names = [row.stage for row in found.stages]
    marks = {names.index(found.best): "best"} if found.best in names else {}
    if cut in names and cut != found.best:
        marks[names.index(cut)] = "present"
    scores = [row.linear.score if row.linear else None for row in found.stages]
    measure = found.measure.replace("_", " ").replace("r2", "R²")
    how = (
        "the validation images"
        if found.protocol == "validation"
        else f"{found.num_folds}-fold cross-validation"
    )
    sentence = (
        f"{measure[:1].upper()}{measure[1:]} of a linear probe on the features of each stage, fitted on "
        f"{found.num_fitted:,} images and scored by {how} ({found.num_scored:,} images); chance is {found.chance:.3f}."
    )
    if found.best:
        sentence += f" The earliest stage within one standard error of the best one is {found.best}."
    return DepthView(
        draw_stages("Linear probe by stage", scores, marks),
        found.stages,
        found.best,
        found.cut,
        cut,
        sentence,
    )


def _data(looks: Looks, images: Images | None) -> DataView | None:
    found = looks.data
    if found is None:
        return None
    crossing = sum(one.crosses_splits for one in found.look_alikes)
    facts = [
        (
            "Images",
            f"{found.num_images:,}, of which {found.num_judged:,} were judged by a probe that did not see them",
        ),
        ("Doubtful labels", f"{found.num_suspects:,}"),
        ("Look-alikes", f"{found.num_look_alikes:,} groups, {crossing:,} across splits"),
        ("Outliers", f"{found.num_outliers:,}"),
        ("Imbalance", f"{found.imbalance:.3g} to 1, the commonest class to the rarest"),
    ]
    suspects = tuple((s, picture_of(images, s.key)) for s in found.suspects[:_MOST_SUSPECTS])
    return DataView(tuple(facts), suspects, found.notes)


def _map(looks: Looks) -> MapView | None:
    found = looks.map
    if found is None:
        return None
    words = {"pretrained": "Pretrained", "trained": "Trained"}
    sides = []
    for side in found.sides:
        same = side.same_class
        note = "" if same is None else f"{100 * same.value:.0f} % of nearest training images share the label"
        title = f"{words[side.weights]}: images as points"
        sides.append((words[side.weights], draw_map(title, found, side), note))
    chance = found.same_class_by_chance
    sentence = f"{found.num_shown:,} images by {found.method.upper()} of {found.num_features:,} features."
    if chance is not None:
        sentence += f" By chance {100 * chance:.0f} % of neighbors would share the label."
    labels = found.labels if len(found.labels) <= _CLASSES_OF_MAP else ()
    return MapView(tuple(sides), labels, sentence)


def _curve(looks: Looks) -> CurveView | None:
    found = looks.curve
    if found is None:
        return None
    bands = [Band("transfer", "validation", found.transfer)]
    if found.scratch:
        bands.append(Band("from scratch", "train", found.scratch))
    title = f"{found.score_name.replace('_', ' ')} by number of labels"
    return CurveView(draw_bands(title, bands), found.answer, bool(found.scratch), found.notes)
