"""``graftwork inspect drift``: what training moved."""

from __future__ import annotations

from graftwork.cli.inspect.depth import BaseNode
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName
from graftwork.cli.show import console, count, interval, show_rows
from graftwork.documents.drift import DriftReport, PartDrift
from graftwork.project.looks.drift import drift_of

__all__ = ["drift"]


def drift(
    run: RunName, node: BaseNode = None, project: ProjectFolder = None, as_json: AsJson = False
) -> None:
    """Show what training moved: weights, features (CKA) and batch-norm statistics of each stage."""
    with inside_of(run, project) as inside:
        report = drift_of(inside, node=node)
    if as_json:
        print_json(report)
        return
    show_rows(
        [
            "part",
            "state",
            ">parameters",
            ">tensors moved",
            ">movement",
            ">CKA (95 %)",
            ">BN mean shift",
            ">BN ln variance",
        ],
        [_row(part) for part in report.parts],
        title=f"{report.run}: what moved in {report.base}",
    )
    for line in _lines(report):
        console().print(line, markup=False, soft_wrap=True)


def _row(part: PartDrift) -> tuple[str, ...]:
    shift = part.batch_norm
    return (
        part.name if part.role == "base" else f"{part.name} (new)",
        part.state.replace("_", " "),
        count(part.num_parameters),
        f"{part.moved_tensors}/{part.num_tensors}",
        "–" if part.movement is None else f"{part.movement:.2%}",
        interval(part.cka),
        "–" if shift is None else f"{shift.mean_shift:.3f}",
        "–" if shift is None else f"{shift.log_variance_ratio:.3f}",
    )


def _lines(report: DriftReport) -> list[str]:
    return [
        f"Movement: length of the way of all weights over their length at the start. CKA: likeness of the "
        f"features of {count(report.num_images)} {report.split} images before and after (1: the same).",
        *report.notes,
    ]
