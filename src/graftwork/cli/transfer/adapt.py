"""``graftwork adapt``: a labelled source, a target without labels, and what adapting gave."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, count, duration, interval, say, show_rows
from graftwork.cli.transfer.domains import ClassNames, SourceRun, class_names, telling
from graftwork.documents.adaptation import AdaptationReport, AdaptedMethod
from graftwork.errors import UsageError

__all__ = ["adapt"]

_Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="PATH",
        help="Images of the other domain. They need no labels; where they have some, these are used to score alone.",
    ),
]
_Source = Annotated[
    str | None,
    typer.Option("--source", metavar="PATH", help="Labelled images, instead of the argument PATH."),
]
_Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="METHOD",
        help="'auto' tries all that take seconds and says which a label-free validator takes; or a method, or several "
        "with commas: coral, subspace, tca, jda, transport, self_training; adabn, tent, shot, which let a source run go on; deep_coral, dan, jan, dann, cdan, mcc, "
        "mcd, entropy, which train with both domains.",
    ),
]
_At = Annotated[
    str,
    typer.Option("--at", metavar="STAGE", help="Take features here: 'base' for its end, or a stage of it."),
]
_MaxImages = Annotated[
    int | None,
    typer.Option("--max-images", min=8, help="Look at no more images of each domain, spread evenly."),
]
_Weight = Annotated[
    float | None,
    typer.Option("--weight", help="Of the adaptation's loss, in methods that train. Default: the method's."),
]
_Out = Annotated[
    Path | None, typer.Option("--out", help="Write this report as JSON, maps of both domains included.")
]


@takes_transfer_options
def adapt(
    request: FlowRequest,
    target: _Target = None,
    labelled: _Source = None,
    run: SourceRun = None,
    method: _Method = "auto",
    at: _At = "base",
    map_: ClassNames = None,
    max_images: _MaxImages = None,
    weight: _Weight = None,
    out: _Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Adapt to a target without labels, and say what it gave beside the source-only line and the oracle line.

    Target labels, where there are any, are read to score the result and by nothing else: methods get images alone.
    """
    if target is None:
        raise UsageError("No target is named.", hint="Write --target FOLDER: images without labels.")
    if labelled is not None:
        if request.source is not None:
            raise UsageError("The source is named twice.", hint="Give PATH or --source, one of them.")
        request.source = labelled
    home = open_project(project, create=run is None)
    given: dict[str, Any] = {"method": method, "at": at, "max_images": max_images, "weight": weight}
    with telling() as tell:
        subject = home.find(run) if run is not None else request.flow(home)
        made = home.adapt(subject, target, names=class_names(map_), tell=tell, **given)
    if out is not None:
        out.write_text(made.model_dump_json(indent=1), encoding="utf-8")
        say(f"Written: {out}")
    print_json(made) if as_json else _show(made)


def _show(made: AdaptationReport) -> None:
    images = f"{count(made.num_source)} source and {count(made.num_target)} target images"
    show_rows(
        [
            "method",
            ">source only",
            ">target",
            ">gain",
            "",
            ">source",
            ">reverse",
            ">information",
            ">weighted",
            ">time",
            "run",
        ],
        [_row(m) for m in (made.source_only, *made.methods)],
        title=f"{images}, features of {made.base} at {made.at}; balanced accuracy",
    )
    target = console()
    if made.oracle is not None:
        target.print(f"Oracle, a probe that knows target labels: {interval(made.oracle)}.", markup=False)
    target.print(made.words, markup=False, soft_wrap=True)
    for note in made.notes:
        say(note)


def _row(method: AdaptedMethod) -> list[str]:
    values = [method.validators.get(name) for name in ("reverse", "information", "importance_weighted")]
    return [
        method.title,
        "–" if method.source_only is None else f"{method.source_only.value:.3f}",
        interval(method.target_accuracy),
        interval(method.gain),
        "collapsed"
        if method.is_collapsed
        else ("" if method.verdict == "unknown" or method.gain is None else method.verdict),
        "–" if method.source_accuracy is None else f"{method.source_accuracy:.3f}",
        *("–" if value is None else f"{value:.3f}" for value in values),
        duration(method.seconds),
        method.run or "",
    ]
