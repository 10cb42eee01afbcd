"""``graftwork inspect saliency``: where in an image the evidence for a class lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from graftwork.cli.inspect.maps import Image
from graftwork.cli.inspect.options import Out
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName
from graftwork.cli.show import console, show_rows
from graftwork.documents.saliency import SaliencyDocument

__all__ = ["saliency"]

_Method = Annotated[
    Literal["auto", "grad_cam", "attention", "integrated_gradients"],
    typer.Option(
        "--method", help="'auto' follows attention where it can, else Grad-CAM where there are places."
    ),
]
_Of = Annotated[
    str | None,
    typer.Option("--of", metavar="CLASS", help="Class, tag or number. Default: what the run predicts."),
]
_Stage = Annotated[
    str | None,
    typer.Option("--stage", help="Of Grad-CAM. Default: the last stage with at least 4 × 4 places."),
]
_Sanity = Annotated[
    bool, typer.Option("--sanity", help="Check that the picture changes when the weights are shuffled.")
]


def saliency(
    run: RunName,
    image: Image,
    method: _Method = "auto",
    of: _Of = None,
    stage: _Stage = None,
    sanity: _Sanity = False,
    out: Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show where in an image the evidence for a class lies.

    Only of a run: what was not trained says nothing about classes.
    """
    from graftwork.project.looks.pictures import write_saliency
    from graftwork.project.looks.saliency import saliency as explain

    chosen = None if method == "auto" else method
    with inside_of(run, project) as inside:
        found = explain(inside, image, method=chosen, of=of, stage=stage, sanity=sanity)
    if out is not None:
        write_saliency(found, out)
    if as_json:
        print_json(found.document)
    else:
        _show(found.document, out)


def _show(document: SaliencyDocument, out: Path | None) -> None:
    target = console()
    label = f", label {', '.join(document.label)}" if document.label else ""
    said = "" if document.predicted is None else f", predicted {document.predicted or 'no tag'}"
    target.print(f"{document.image}{label}{said}", markup=False, soft_wrap=True)
    where = f" at {document.stage}" if document.stage else ""
    rows, columns = document.grid
    target.print(
        f"evidence for {document.of}: {document.method}{where}, {rows} × {columns}",
        markup=False,
        soft_wrap=True,
    )
    if not document.is_empty:
        row, column = document.peak
        target.print(
            f"strongest at row {row}, column {column} of {document.size[0]} × {document.size[1]} pixels"
        )
    if document.completeness is not None:
        own = document.completeness
        target.print(
            f"pixels add up to {own.total:.4g} of {own.difference:.4g}: {100 * own.gap:.2g} % missing "
            f"after {own.num_steps} steps"
        )
    if document.sanity is not None:
        show_rows(
            ["shuffled", "rank correlation"],
            [
                (s.what, "–" if s.correlation is None else f"{s.correlation:.2f}")
                for s in document.sanity.steps
            ],
        )
        target.print(document.sanity.verdict, markup=False, soft_wrap=True)
    for note in document.notes:
        target.print(f"note: {note}", markup=False, soft_wrap=True)
    if out is not None:
        target.print(f"pictures: {out}", markup=False, soft_wrap=True)
