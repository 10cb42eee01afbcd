"""``graftwork propagate``: labels for images that have none, by their nearness to labelled ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, count, interval, say, show_rows
from graftwork.cli.transfer.domains import SourceRun, telling
from graftwork.documents.propagation import Propagation
from graftwork.errors import UsageError

__all__ = ["propagate"]

_Unlabelled = Annotated[
    str | None,
    typer.Option(
        "--unlabelled",
        metavar="PATH",
        help="Images without labels; labels that lie there only check the result.",
    ),
]
_At = Annotated[
    str,
    typer.Option("--at", metavar="STAGE", help="Take features here: 'base' for its end, or a stage of it."),
]
_Accept = Annotated[
    float, typer.Option("--accept", min=0.0, max=1.0, help="With --out: labels of this confidence or more.")
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", help="Write accepted labels as a table that train reads: path, label, confidence."),
]
_SHOWN = 10


@takes_transfer_options
def propagate(
    request: FlowRequest,
    unlabelled: _Unlabelled = None,
    run: SourceRun = None,
    at: _At = "base",
    accept: _Accept = 0.9,
    out: _Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Pass labels on to images that have none, by their nearness, and say what each confidence is worth.

    PATH is labelled. What confidence is worth is measured by hiding labels that are known.
    """
    if unlabelled is None:
        raise UsageError("No images without labels are named.", hint="Write --unlabelled FOLDER.")
    home = open_project(project, create=run is None)
    with telling() as tell:
        subject = home.find(run) if run is not None else request.flow(home)
        made = home.propagate(subject, unlabelled, at=at, tell=tell)
    if out is not None:
        from graftwork.project.transferring.propagate import write_accepted

        say(
            f"Written: {out}, {count(write_accepted(made, out, accept))} labels of a confidence of {accept:g} or more."
        )
    print_json(made) if as_json else _show(made)


def _show(made: Propagation) -> None:
    show_rows(
        ["image", "label", ">confidence"],
        [(i.key, i.label or "–", f"{i.confidence:.3f}") for i in made.images[:_SHOWN]],
        title=f"{count(len(made.images))} images without labels, by {count(made.num_labelled)} labelled ones; the surest",
    )
    if made.levels:
        show_rows(
            [">confidence", ">right, of hidden labels", ">share of them", ">images"],
            [
                (f"≥ {lv.at_least:g}", interval(lv.accuracy), f"{lv.coverage:.2f}", count(lv.num_images))
                for lv in made.levels
            ],
            title="What a confidence is worth",
        )
    target = console()
    if made.accuracy is not None:
        target.print(f"Against the labels that these images have: {interval(made.accuracy)}.", markup=False)
    target.print(made.words, markup=False, soft_wrap=True)
    for note in made.notes:
        say(note)
