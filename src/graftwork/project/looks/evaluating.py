"""What stored predictions of a run say, beyond the scores of its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.evaluation import Evaluation, OtherData
from graftwork.documents.predictions import PredictionRow
from graftwork.documents.record import AnyScores
from graftwork.errors import DataError, RunError, UnknownName, UsageError, did_you_mean
from graftwork.project.looks.evaluation_parts import (
    calibration_of,
    confidence_of,
    odd_parts,
    parts_of,
    residuals_of,
    score_histogram,
    slices_of,
)
from graftwork.project.looks.inspection import Inspection
from graftwork.project.looks.other_data import evaluate_on, other_data, other_settings, settings_like
from graftwork.project.looks.traits import Traits, gather_traits, traits_path
from graftwork.project.moved import moved_settings
from graftwork.project.predictions import prediction_page
from graftwork.project.run import Run
from graftwork.project.sources import images_settings_of, source_text
from graftwork.project.stored import PredictionTable, digest_of, folder_of, open_predictions
from graftwork.project.using import read_samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.project.bench_state import BenchState

__all__ = ["evaluate_elsewhere", "evaluation", "inspect_evaluation", "inspect_other_data"]

SplitName = Literal["validation", "test"]

_NUM_SHOWN = 12


def evaluation(
    inside: Inspection,
    *,
    split: SplitName = "test",
    on: str | None = None,
    slices: Sequence[str] | None = None,
) -> Evaluation:
    """Return what one split of a run's stored predictions says; made once and kept.

    Args:
        inside: of a run.
        split: 'test' or 'validation'.
        on: id of an evaluation on other data, in the place of the run's own images.
        slices: what the images are parted by; None: by all that is known of them.

    Raises:
        RunError: no run, or one without stored predictions.
        DataError: the split holds no image.
        UnknownName: no such evaluation, or nothing to part images by of that name.
    """
    run = _run_of(inside)
    table = open_predictions(run, on)
    rows = table.rows_of(split)
    if not len(rows):
        raise DataError(
            f"The run {run.id} has no predictions of {split} images.",
            hint="Look at its other split, or evaluate it on other images.",
        )
    traits = _traits(inside, run, table, rows, on)
    if traits.notes:  # the images may come back: nothing is kept
        return _made(run, table, rows, split, on, traits, slices)
    facts = {"split": split, "on": on, "slices": slices, "predictions": digest_of(run, on), "version": 1}
    return inside.kept(
        Evaluation, "evaluation", facts, lambda: _made(run, table, rows, split, on, traits, slices)
    )


def _run_of(inside: Inspection) -> Run:
    if inside.run is None:
        raise RunError(
            f"The flow '{inside.flow.name}' was not trained: there are no predictions to look at.",
            hint="Name a run of it; graftwork runs list shows them.",
        )
    return inside.run


def _traits(
    inside: Inspection, run: Run, table: PredictionTable, rows: NDArray[np.int64], on: str | None
) -> Traits:
    keys, digests, groups = (
        [column[i] for i in rows] for column in (table.keys, table.digests, table.groups)
    )
    settings = images_settings_of(run.flow) if on is None else other_settings(run, on)
    return gather_traits(
        traits_path(folder_of(run, on), keys, digests),
        moved_settings(settings, inside.project.root),
        keys,
        groups,
        check_stop=inside.check_stop,
    )


def _made(
    run: Run,
    table: PredictionTable,
    rows: NDArray[np.int64],
    split: SplitName,
    on: str | None,
    traits: Traits,
    wanted: Sequence[str] | None,
) -> Evaluation:
    record, other = run.record, _other(run, on)
    notes = [*traits.notes, *(other.notes if other else ())]
    scores: AnyScores | None = record.metrics.get(split) if other is None else other.scores
    found = _by_kind(run, table, rows, split, on, notes)
    if table.kind != "anomaly":
        names = list(traits.values) if wanted is None else _known(wanted, traits)
        found["slices"] = slices_of(table, rows, [traits.part(name) for name in names], record.seed)
        found["slice_score"] = "mae" if table.kind == "number" else "accuracy"
    elif wanted:
        raise UsageError(
            "Slices compare what is right and wrong; scores of anomalies are neither.",
            hint="Leave --slices out.",
        )
    source = other.source if other else (record.data.source if record.data else "")
    return Evaluation(
        run=run.id,
        split=split,
        on=on,
        source=source,
        kind=table.kind,
        num_images=len(rows),
        scores=scores,
        notes=tuple(notes),
        **found,
    )


def _other(run: Run, on: str | None) -> OtherData | None:
    if on is None:
        return None
    for one in other_data(run):
        if one.id == on:
            return one
    raise UnknownName(
        f"The run {run.id} was not evaluated on '{on}'.", hint="Evaluate it on that data again."
    )


def _known(wanted: Sequence[str], traits: Traits) -> list[str]:
    for name in wanted:
        if name not in traits.values:
            raise UnknownName(
                f"Nothing is known of the images that is called '{name}'.",
                hint=" ".join([did_you_mean(name, list(traits.values)) or "", *traits.notes]).strip(),
            )
    return list(dict.fromkeys(wanted))


def _by_kind(
    run: Run,
    table: PredictionTable,
    rows: NDArray[np.int64],
    split: SplitName,
    on: str | None,
    notes: list[str],
) -> dict[str, Any]:
    """Return what makes sense for the kind of labels."""
    import numpy as np

    seed = run.record.seed
    if not np.isfinite(table.said[rows]).all():
        raise RunError(
            f"{int((~np.isfinite(table.said[rows]).all(1)).sum())} of {len(rows)} predictions of run {run.id} "
            "are not numbers; nothing can be said of them.",
            hint="The training diverged: train again with a smaller learning rate.",
            run=run.id,
        )
    if table.kind == "number":
        return {"residuals": residuals_of(table, rows, seed), "worst": _shown(run, split, on, sort="loss")}
    if table.kind == "anomaly":
        is_odd = table.labels[rows] != _normal_class(run, table)
        scores = table.said[rows, 0]
        return {
            "parts": odd_parts(scores, is_odd, seed),
            "confidence": score_histogram(scores, is_odd),
            "worst": _shown(run, split, on, sort="confidence"),
        }
    own = open_predictions(run) if on is not None else table
    validation = own.rows_of("validation") if on is not None or split == "test" else rows[:0]
    if table.kind == "category":
        notes += _notes_on_classes(table, rows)
    return {
        "parts": parts_of(table, rows, seed),
        "calibration": calibration_of(table, rows, own, validation, seed),
        "confidence": confidence_of(table, rows),
        "worst": _shown(run, split, on, sort="confidence", only="wrong"),
        "uncertain": _shown(run, split, on, sort="entropy"),
    }


def _shown(run: Run, split: SplitName, on: str | None, **order: Any) -> tuple[PredictionRow, ...]:
    return prediction_page(run, split=split, on=on, limit=_NUM_SHOWN, **order).rows


def _normal_class(run: Run, table: PredictionTable) -> int:
    """Return the class that anomalies differ from: the objective's own, else the commonest in training."""
    import numpy as np

    for node in run.flow.of_component("anomaly"):
        named = node.settings.get("normal_class")
        if named in table.names:
            return table.names.index(str(named))
    known = [row["label"] for row in read_samples(run) if row["split"] == "train"]
    return int(np.bincount(np.asarray(known or [0], dtype=np.int64)).argmax())


def _notes_on_classes(table: PredictionTable, rows: NDArray[np.int64]) -> list[str]:
    """Say which classes are missing here, as label or as answer."""
    there = {table.names[int(i)] for i in table.labels[rows]}
    said = {table.names[int(i)] for i in table.said[rows].argmax(1)}
    absent = [name for name in table.names if name not in there]
    never = [name for name in table.names if name in there and name not in said]
    notes = []
    if len(there) == 1:
        notes.append(f"All images here are of the class '{next(iter(there))}': no ROC curve is defined.")
    elif absent:
        notes.append(f"No image here is of: {', '.join(absent)}.")
    if never:
        notes.append(f"Never predicted here: {', '.join(never)}.")
    return notes


def evaluate_elsewhere(inside: Inspection, source: str | Path, columns: Mapping[str, Any]) -> OtherData:
    """Score a run on other labelled images and keep what it says of each.

    Args:
        inside: of a run with weights.
        source: folder, table, array file or ``sample:NAME``.
        columns: ``image_column``, ``label_column``, … of a table.

    Raises:
        RunError: the run has no weights.
        DataError: no labelled image to score.
    """
    run = _run_of(inside)
    settings = settings_like(run, source_text(source, inside.project.root / "data"), dict(columns))
    return evaluate_on(run, inside.trained, settings, workspace=inside.workspace, on_note=inside.tell)


def inspect_evaluation(
    state: BenchState, run_id: str, split: SplitName, on: str | None, slices: tuple[str, ...] | None
) -> Evaluation:
    """Do ``evaluation`` in the bench; it needs no network, so none is loaded."""
    inside = Inspection(state.project, state.project.find(run_id), tell=state.tell, stop=state.stop)
    return evaluation(inside, split=split, on=on, slices=slices)


def inspect_other_data(state: BenchState, run_id: str, source: str, columns: Mapping[str, Any]) -> OtherData:
    """Do ``evaluate_elsewhere`` in the bench."""
    return evaluate_elsewhere(state.inspection(run_id), source, columns)
