"""``graftwork inspect maps``: an image through every stage of a base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from graftwork.cli.inspect.options import Out, RunOrFlow
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import console, show_rows
from graftwork.documents.feature_maps import MapsDocument, StageLook

__all__ = ["Image", "maps"]

Image = Annotated[
    str, typer.Argument(metavar="IMAGE", help="Key of one of the run's images, or an image file.")
]
_Stage = Annotated[
    str | None,
    typer.Option("--stage", help="Whose channels are shown. Default: the last stage that has places."),
]
_Weights = Annotated[
    Literal["both", "pretrained", "trained"] | None,
    typer.Option("--weights", help="Default: both of a run, the pretrained ones of a flow."),
]
_Order = Annotated[
    Literal["activity", "change", "index"],
    typer.Option(
        "--order", help="Channels first that vary most, that training changed most, or as they come."
    ),
]
_Channels = Annotated[int, typer.Option("--channels", help="How many channels are shown.")]
_Among = Annotated[
    int,
    typer.Option(
        "--among", help="How many more test images the statistics and dead channels are counted over."
    ),
]


def maps(
    run: RunOrFlow,
    image: Image,
    stage: _Stage = None,
    weights: _Weights = None,
    order: _Order = "activity",
    channels: _Channels = 24,
    among: _Among = 8,
    out: Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what every stage of the base makes of an image, before and after training.

    Statistics, dead channels and what training changed, stage by stage; of one stage its channels.
    """
    from graftwork.project.looks.feature_maps import draw_maps, look_through
    from graftwork.project.looks.pictures import write_maps

    with inside_of(run, project) as inside:
        found = look_through(inside, image, weights=weights, among=among)
        made = draw_maps(found, inside, stage=stage, order=order, number=channels)
    document = made.document if out is None else write_maps(made, out)
    if as_json:
        print_json(document)
    else:
        _show(document, out)


def _show(document: MapsDocument, out: Path | None) -> None:
    target = console()
    label = f", {', '.join(document.label)}" if document.label else ""
    target.print(f"{document.image}{label}; statistics of {document.num_images} images", markup=False)
    both = len(document.weights) > 1
    show_rows(
        [
            "stage",
            "shape",
            *(f"{w}: mean, std, zeros, dead" for w in document.weights),
            *(["change"] if both else []),
        ],
        [_row(stage, document, both=both) for stage in document.stages],
    )
    listed = ", ".join(
        f"{c.index}" + (f" ({_percent(c.change)})" if both else "") for c in document.channels[:12]
    )
    told = " (in brackets: what training changed)" if both else ""
    target.print(
        f"{document.shown}, channels by {document.order}{told}: {listed}", markup=False, soft_wrap=True
    )
    for note in document.notes:
        target.print(f"note: {note}", markup=False, soft_wrap=True)
    if out is not None:
        target.print(f"pictures: {out}", markup=False, soft_wrap=True)


def _row(stage: StageLook, document: MapsDocument, *, both: bool) -> tuple[str, ...]:
    sides = [stage.sides[weights] for weights in document.weights]
    words = [
        f"{_short(s.mean)}, {_short(s.std)}, {100 * s.zero_share:.0f} %, {s.num_dead} of {stage.num_channels}"
        for s in sides
    ]
    shape = " × ".join(map(str, stage.shape))
    return (stage.stage, shape, *words, *([_percent(stage.change)] if both else []))


def _percent(change: float | None) -> str:
    return "–" if change is None else f"{100 * change:.1f} %"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
