"""``graftwork inspect evaluation``: how good a run is, where, and how far its probabilities can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName
from graftwork.cli.show import console, interval, say, show_rows, show_scores
from graftwork.documents.evaluation import Calibration, Evaluation, PartScore, SliceColumn
from graftwork.project.looks.evaluating import evaluate_elsewhere
from graftwork.project.looks.evaluating import evaluation as evaluated
from graftwork.project.relocate import move_images

__all__ = ["Split", "evaluation"]

_MOST_SLICES = 12
_CALIBRATION = {
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece_width": "ECE, bins of equal width",
    "ece_mass": "ECE, bins of equal numbers",
    "ece_classwise": "ECE, mean over classes",
}

Split = Annotated[
    Literal["test", "validation"], typer.Option("--split", help="Which of the run's images are looked at.")
]
_Slices = Annotated[
    str | None,
    typer.Option(
        "--slices",
        metavar="NAMES",
        help="What the images are parted by, with commas between: width, height, aspect, brightness, contrast, "
        "sharpness, file type, folder, group, or a column of the table. Default: all of them.",
    ),
]
_On = Annotated[
    str | None,
    typer.Option("--on", metavar="PATH", help="Other labelled images in the place of the run's own."),
]
_Moved = Annotated[
    Path | None,
    typer.Option(
        "--images-at",
        metavar="PATH",
        help="Where the run's images are now, when they were moved; the project remembers it.",
    ),
]
_Column = Annotated[str | None, typer.Option(help="Table of --on: name of the column.")]


def evaluation(
    run: RunName,
    split: Split = "test",
    slices: _Slices = None,
    on: _On = None,
    image_column: _Column = None,
    label_column: _Column = None,
    images_at: _Moved = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Look at a run's predictions: each class, calibration, slices, worst mistakes."""
    names = None if slices is None else [name.strip() for name in slices.split(",") if name.strip()]
    columns = {"image_column": image_column, "label_column": label_column}
    with inside_of(run, project, only_runs=True) as inside:
        if images_at is not None and inside.run is not None:
            say(move_images(inside.project, inside.run, images_at))
        other = None if on is None else evaluate_elsewhere(inside, on, columns)
        found = evaluated(
            inside, split=split if other is None else "test", on=other.id if other else None, slices=names
        )
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: Evaluation) -> None:
    if found.scores is not None:
        show_scores({found.source if found.on else found.split: found.scores})
    if found.parts:
        console().print()
        _show_parts(found.parts)
    for one in found.residuals:
        console().print(f"{one.name}: predicted minus true {interval(one.bias)} on average", markup=False)
    if found.calibration is not None:
        console().print()
        _show_calibration(found.calibration)
    if found.slices:
        console().print()
        _show_slices(found.slices, found.slice_score or "score")
    if found.worst:
        console().print()
        show_rows(
            ["worst", "label", "predicted", ">probability"],
            [(r.key, r.label, r.predicted, _share(r.probability)) for r in found.worst],
        )
    for note in found.notes:
        say(note)


def _show_parts(parts: tuple[PartScore, ...]) -> None:
    show_rows(
        ["class", ">images", "precision (95 %)", "recall", "F1", "AUROC", "average precision"],
        [
            (
                p.name,
                p.num_images,
                *map(interval, (p.precision, p.recall, p.f1, p.auroc, p.average_precision)),
            )
            for p in parts
        ],
    )
    for part in parts:
        if part.reason:
            say(f"{part.name}: {part.reason}")


def _show_calibration(found: Calibration) -> None:
    states = [state for state in (found.before, found.after) if state is not None]
    show_rows(
        ["calibration, lower is better (95 %)", "as it is", "after temperature scaling"][: 1 + len(states)],
        [
            (words, *(interval(getattr(state, name)) for state in states))
            for name, words in _CALIBRATION.items()
        ],
    )
    console().print(
        f"ECE by chance alone, if the probabilities were exactly right: {found.before.ece_by_chance:.3f}"
    )
    if found.temperature is not None:
        console().print(
            f"temperature (95 %) {interval(found.temperature)}, fitted on {found.num_validation} validation images"
        )
    if found.note:
        say(found.note)


def _show_slices(columns: tuple[SliceColumn, ...], score: str) -> None:
    rows = [(column, one) for column in columns for one in column.slices]
    sign = -1.0 if score == "mae" else 1.0
    rows.sort(key=lambda row: sign * (row[1].difference.value if row[1].difference else 0.0))
    show_rows(
        ["slice", ">images", score, "difference from the rest", ">p", ">corrected", ""],
        [
            (
                f"{column.name} {one.name}",
                one.num_images,
                interval(one.score),
                interval(one.difference),
                _p(one.p_value),
                _p(one.corrected_p_value),
                "few images" if one.is_small else "",
            )
            for column, one in rows[:_MOST_SLICES]
        ],
        title=f"slices, the worst first, {min(len(rows), _MOST_SLICES)} of {len(rows)}",
    )


def _p(value: float | None) -> str | None:
    return None if value is None else f"{value:.2g}"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
