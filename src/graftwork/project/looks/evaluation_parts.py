"""From arrays to the parts of an evaluation's document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graftwork.documents.evaluation import (
    Calibration,
    CalibrationBin,
    CalibrationState,
    Curve,
    PartScore,
    Residuals,
    ScoreHistogram,
    SliceColumn,
    SliceScore,
)
from graftwork.documents.record import Interval
from graftwork.project.looks.traits import Trait
from graftwork.project.stored import THRESHOLD, PredictionTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.insight.evaluation.curves import RankCurves
    from graftwork.insight.evaluation.slices import Slice

__all__ = [
    "calibration_of",
    "confidence_of",
    "odd_parts",
    "parts_of",
    "residuals_of",
    "score_histogram",
    "slices_of",
]

_NUM_BINS = 10
_NUM_BARS = 20
_MOST_RESIDUALS = 2000
_FEW = 30


def parts_of(table: PredictionTable, rows: NDArray[np.int64], seed: int) -> tuple[PartScore, ...]:
    """Return the scores and curves of each class or tag against all others."""
    import numpy as np

    from graftwork.engine.metrics.classes import confusion_matrix
    from graftwork.insight.evaluation.curves import class_f1, rank_curves

    said, truth = table.said[rows], table.truth[rows] > 0.5
    k = said.shape[1]
    if table.kind == "tags":
        chosen = said >= THRESHOLD
        f1s = tuple(
            class_f1(confusion_matrix(t.astype(np.int64), s.astype(np.int64), 2), seed=seed)[1]
            for t, s in zip(truth.T, chosen.T, strict=True)
        )
    else:
        chosen = np.eye(k, dtype=bool)[said.argmax(1)]
        f1s = class_f1(confusion_matrix(table.labels[rows], said.argmax(1), k), seed=seed)
    return tuple(
        _part(
            table.names[i], rank_curves(said[:, i], truth[:, i], seed=seed), truth[:, i], chosen[:, i], f1s[i]
        )
        for i in range(k)
    )


def _part(
    name: str,
    curves: RankCurves,
    truth: NDArray[np.bool_],
    chosen: NDArray[np.bool_] | None,
    f1: Interval | None,
) -> PartScore:
    from graftwork.engine.metrics.classes import wilson

    hits = 0 if chosen is None else int((truth & chosen).sum())
    told = 0 if chosen is None else int(chosen.sum())
    there = int(truth.sum())
    return PartScore(
        name=name,
        num_images=there,
        precision=wilson(hits, told) if told else None,
        recall=wilson(hits, there) if there and chosen is not None else None,
        f1=f1,
        auroc=curves.auroc,
        average_precision=curves.average_precision,
        share=there / len(truth),
        reason=curves.reason,
        roc=_curve(curves.false_positive, curves.true_positive),
        precision_recall=_curve(curves.recall, curves.precision),
    )


def _curve(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    return Curve(x=tuple(x.round(5).tolist()), y=tuple(y.round(5).tolist()))


def odd_parts(scores: NDArray[np.float64], is_odd: NDArray[np.bool_], seed: int) -> tuple[PartScore, ...]:
    """Return the curves of an anomaly's scores: how well they tell odd images from normal ones."""
    from graftwork.insight.evaluation.curves import rank_curves

    return (_part("odd", rank_curves(scores, is_odd, seed=seed), is_odd, None, None),)


def calibration_of(
    table: PredictionTable,
    rows: NDArray[np.int64],
    own: PredictionTable,
    validation: NDArray[np.int64],
    seed: int,
) -> Calibration:
    """Return calibration as it is and after temperature scaling fitted on validation images.

    Args:
        table: of classes or tags.
        rows: of the table that are judged.
        own: the run's own predictions.
        validation: rows of these that the temperature is fitted on; none where they are judged themselves.
        seed: of the bootstrap.
    """
    from graftwork.insight.evaluation.temperature import fit_temperature, scaled

    alone, said, truth = table.kind == "tags", table.said[rows], table.truth[rows] > 0.5
    facts: dict[str, Any] = {
        "of": "each tag" if alone else "predicted labels",
        "num_bins": _NUM_BINS,
        "before": _state(said, truth, alone, seed),
    }
    if not len(validation):
        why = "No temperature: it is fitted on validation images, and there are none beside these."
        return Calibration(**facts, note=why)
    fitted = fit_temperature(own.said[validation], own.truth[validation] > 0.5, is_each_alone=alone)
    if fitted.is_at_limit:
        why = (
            f"No temperature: the {len(validation)} validation images do not determine one, as when all of "
            "them are told right."
        )
        return Calibration(**facts, num_validation=len(validation), note=why)
    note = f"Fitted on {len(validation)} images: few." if len(validation) < _FEW else None
    return Calibration(
        **facts,
        after=_state(scaled(said, fitted.value, is_each_alone=alone), truth, alone, seed),
        temperature=fitted.interval,
        num_validation=len(validation),
        note=note,
    )


def _state(said: NDArray[np.float64], truth: NDArray[np.bool_], alone: bool, seed: int) -> CalibrationState:
    import numpy as np

    from graftwork.engine.metrics.bootstrap import mean_interval
    from graftwork.insight.evaluation import calibration as c

    if alone:
        chosen = np.where(truth, said, 1.0 - said)
        losses = -np.log(np.maximum(chosen, 1e-12)).mean(1)
        confidence, is_right = said.ravel(), truth.ravel()
    else:
        losses = -np.log(np.maximum(said[truth], 1e-12))
        confidence, is_right = said.max(1), truth[np.arange(len(said)), said.argmax(1)]
    # Rows of float32 probabilities may sum to a little more than one.
    confidence = np.minimum(confidence, 1.0)
    chance = c.expected_if_calibrated(confidence, num_bins=_NUM_BINS, seed=seed)
    width, mass = (
        c.expected_error(confidence, is_right, num_bins=_NUM_BINS, binning=b, seed=seed)
        for b in ("width", "mass")
    )
    return CalibrationState(
        log_loss=mean_interval(losses, seed=seed),
        brier=mean_interval(c.brier_scores(said, truth), seed=seed),
        ece_width=width,
        ece_mass=mass,
        ece_classwise=c.classwise_error(np.minimum(said, 1.0), truth, num_bins=_NUM_BINS, seed=seed),
        ece_by_chance=chance,
        width_bins=_bins(c.calibration_bins(confidence, is_right, num_bins=_NUM_BINS)),
        mass_bins=_bins(c.calibration_bins(confidence, is_right, num_bins=_NUM_BINS, binning="mass")),
    )


def _bins(bins: Sequence[object]) -> tuple[CalibrationBin, ...]:
    rows = [asdict(one) for one in bins]  # type: ignore[call-overload]
    return tuple(CalibrationBin(num=row.pop("num_images"), **row) for row in rows)


def confidence_of(table: PredictionTable, rows: NDArray[np.int64]) -> ScoreHistogram:
    """Return how many images were told right and wrong, by the confidence of what was predicted."""
    import numpy as np

    confidence, wrong = np.minimum(table.confidence[rows], 1.0), table.is_wrong[rows]
    counts = {
        word: tuple(np.histogram(confidence[chosen], bins=_NUM_BARS, range=(0.0, 1.0))[0].tolist())
        for word, chosen in (("right", ~wrong), ("wrong", wrong))
    }
    return ScoreHistogram(low=0.0, high=1.0, counts=counts)


def score_histogram(scores: NDArray[np.float64], is_odd: NDArray[np.bool_]) -> ScoreHistogram:
    """Return how many normal and odd images have which score."""
    import numpy as np

    low, high = float(scores.min()), float(scores.max())
    high = high if high > low else low + 1.0
    counts = {
        word: tuple(np.histogram(scores[chosen], bins=_NUM_BARS, range=(low, high))[0].tolist())
        for word, chosen in (("normal", ~is_odd), ("odd", is_odd))
    }
    return ScoreHistogram(low=low, high=high, counts=counts)


def residuals_of(table: PredictionTable, rows: NDArray[np.int64], seed: int) -> tuple[Residuals, ...]:
    """Return how far each predicted number lies from the true one."""
    import numpy as np

    from graftwork.engine.metrics.bootstrap import mean_interval

    said = table.said[rows]
    gaps = said - table.truth[rows]
    shown = np.arange(len(rows))
    if len(rows) > _MOST_RESIDUALS:
        shown = np.sort(np.random.default_rng(seed).choice(len(rows), _MOST_RESIDUALS, replace=False))
    return tuple(
        Residuals(
            name=name,
            keys=tuple(table.keys[rows[i]] for i in shown),
            predicted=tuple(said[shown, j].tolist()),
            residual=tuple(gaps[shown, j].tolist()),
            bias=mean_interval(gaps[:, j], seed=seed),
        )
        for j, name in enumerate(table.names[: said.shape[1]])
    )


def slices_of(
    table: PredictionTable, rows: NDArray[np.int64], traits: Sequence[Trait], seed: int
) -> tuple[SliceColumn, ...]:
    """Return each trait's slices; p-values are corrected for all of them together.

    A trait that does not part the images, that parts them one by one, or just as their labels do, is left out.
    """
    from graftwork.insight.evaluation.slices import holm, number_slices, share_slices

    told = [trait for trait in traits if _says_something(table, rows, trait)]
    found: list[list[tuple[Slice, Interval | None]]] = []
    for trait in told:
        if table.kind == "number":
            said, truth = table.said[rows], table.truth[rows]
            found.append(number_slices(trait.parts, trait.names, said, truth, seed=seed))
        else:
            is_right = ~table.is_wrong[rows]
            found.append([(one, None) for one in share_slices(trait.parts, trait.names, is_right)])
    corrected = iter(holm([one.p_value for column in found for one, _ in column]))
    return tuple(
        SliceColumn(
            name=trait.name,
            origin=trait.origin,
            slices=tuple(_slice(one, r2, next(corrected)) for one, r2 in column),
        )
        for trait, column in zip(told, found, strict=True)
    )


def _slice(one: Slice, r2: Interval | None, corrected: float | None) -> SliceScore:
    return SliceScore(
        name=one.name,
        num_images=one.num_images,
        score=one.score,
        r2=r2,
        rest=one.rest,
        difference=one.difference,
        p_value=one.p_value,
        corrected_p_value=corrected,
        is_small=one.is_small,
    )


def _says_something(table: PredictionTable, rows: NDArray[np.int64], trait: Trait) -> bool:
    num = len(trait.names)
    if num < 2 or (num > 2 and num == len(rows)):
        return False
    if table.kind != "category":
        return True
    pairs = {(str(part), int(label)) for part, label in zip(trait.parts, table.labels[rows], strict=True)}
    return not len(pairs) == num == len({label for _, label in pairs})
