"""``graftwork weigh``: how much each source image counts for a target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, interval, say, show_rows
from graftwork.cli.transfer.domains import ClassNames, SourceRun, class_names, telling
from graftwork.documents.weighing import Weighing
from graftwork.errors import UsageError

__all__ = ["weigh"]

_Target = Annotated[str | None, typer.Argument(metavar="TARGET", help="Images of the target.")]
_Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="METHOD",
        help="domain_classifier, kmm, ulsif, rulsif or kliep weigh by how likely an image is in the target; select takes those "
        "whose mean is nearest; tradaboost learns from labelled target images.",
    ),
]
_Num = Annotated[
    int | None, typer.Option("--num", min=1, help="Images that select takes. Default: a fifth of them.")
]
_At = Annotated[
    str,
    typer.Option("--at", metavar="STAGE", help="Take features here: 'base' for its end, or a stage of it."),
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", help="Write the weights as CSV, for graftwork train --set image_weights=FILE."),
]
_SHOWN = 8


@takes_transfer_options
def weigh(
    request: FlowRequest,
    target: _Target = None,
    run: SourceRun = None,
    method: _Method = "domain_classifier",
    num: _Num = None,
    at: _At = "base",
    map_: ClassNames = None,
    out: _Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say how much each training image of a source counts for a target, and write it for training.

    PATH is the labelled source. With --run or --flow in its place, TARGET comes first.
    """
    if run is not None or request.path is not None:
        target, request.source = request.source, None
    if target is None:
        raise UsageError("Two sets of images are wanted.", hint="Write graftwork weigh SOURCE TARGET.")
    home = open_project(project, create=run is None)
    with telling() as tell:
        subject = home.find(run) if run is not None else request.flow(home)
        made = home.weigh(subject, target, method=method, num=num, at=at, names=class_names(map_), tell=tell)
    if out is not None:
        from graftwork.project.transferring.weigh import write_weights

        write_weights(made, out)
        say(f"Written: {out}. Train with: graftwork train {made.source} --set image_weights={out}")
    print_json(made) if as_json else _show(made)


def _show(made: Weighing) -> None:
    for title, images in (("Heaviest", made.images[:_SHOWN]), ("Lightest", made.images[::-1][:_SHOWN])):
        show_rows(
            ["image", "class", ">weight"],
            [(i.key, i.label or "–", f"{i.weight:.3f}") for i in images],
            title=f"{title} training images of the source, by {made.method}",
        )
    if made.boosted:
        show_rows(
            ["", ">balanced accuracy", ">against the target alone", ""],
            [
                (s.name, interval(s.accuracy), interval(s.gain), "" if s.gain is None else s.verdict)
                for s in made.boosted
            ],
        )
    console().print(made.words, markup=False, soft_wrap=True)
    for note in made.notes:
        say(note)
