"""``graftwork inspect depth``: which depth of a base separates the classes."""

from __future__ import annotations

from typing import Annotated

import typer

from graftwork.cli.inspect.options import RunOrFlow
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import console, count, interval, show_rows
from graftwork.documents.depth import DepthReport, StageDepth
from graftwork.project.looks.depth import MAX_IMAGES, probe_by_depth

__all__ = ["BaseNode", "depth"]

BaseNode = Annotated[
    str | None, typer.Option("--node", metavar="NODE", help="Node of the base. Default: the main base.")
]
_Trained = Annotated[
    bool, typer.Option("--trained", help="The base as the run left it. Default: as training starts.")
]
_MaxImages = Annotated[
    int,
    typer.Option("--max-images", min=2, help="Look at no more training and validation images than this."),
]


def depth(
    subject: RunOrFlow,
    node: BaseNode = None,
    trained: _Trained = False,
    max_images: _MaxImages = MAX_IMAGES,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Probe each stage of the base: which depth separates your classes, and where to cut."""
    with inside_of(subject, project) as inside:
        report = probe_by_depth(inside, node=node, is_trained=trained, max_images=max_images)
    if as_json:
        print_json(report)
        return
    show_rows(
        ["stage", ">features", f">linear probe, {_measure(report)}", ">nearest class mean", "cut", ""],
        [_row(report, stage) for stage in report.stages],
        title=f"{report.base}: {_measure(report)} by depth (95 %)",
    )
    for line in _lines(report):
        console().print(line, markup=False, soft_wrap=True)


def _measure(report: DepthReport) -> str:
    return "R²" if report.measure == "r2" else "balanced accuracy"


def _row(report: DepthReport, stage: StageDepth) -> tuple[str, ...]:
    marks = [word for name, word in ((report.best, "best"), (report.cut, "cut here")) if name == stage.stage]
    linear, nearest = (None if p is None else p.score for p in (stage.linear, stage.nearest_mean))
    legal = "yes" if stage.is_legal else "no"
    return (
        stage.stage,
        count(stage.num_features),
        interval(linear),
        interval(nearest),
        legal,
        ", ".join(marks),
    )


def _lines(report: DepthReport) -> list[str]:
    if report.protocol == "validation":
        how = f"Fitted on {count(report.num_fitted)} training images, scored on {count(report.num_scored)} validation images"
    else:
        how = (
            f"Scored on {count(report.num_scored)} training and validation images in {report.num_folds} folds"
        )
    lines = [f"{how}; a guess scores {report.chance:.3f}."]
    if report.best is None:
        lines.append("No stage could be scored.")
    else:
        lines.append(
            f"Best: {report.best}, the earliest stage within one standard error of the best linear probe."
        )
        if report.cut not in (None, report.best):
            lines.append(f"The base cannot be cut there; the next cut is after {report.cut}.")
    return [*lines, *report.notes]
