"""``graftwork gap``: how far apart two domains are, in which way, and what suits."""

from __future__ import annotations

from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, count, say, show_rows
from graftwork.cli.transfer.domains import ClassNames, SourceRun, class_names, telling
from graftwork.documents.gap import Gap
from graftwork.errors import UsageError
from graftwork.project.transferring.gap import MAX_IMAGES

__all__ = ["gap"]

_Target = Annotated[
    str | None, typer.Argument(metavar="TARGET", help="Images of the other domain. They need no labels.")
]
_MaxImages = Annotated[
    int, typer.Option("--max-images", min=8, help="Look at no more images of each domain, spread evenly.")
]


@takes_transfer_options
def gap(
    request: FlowRequest,
    target: _Target = None,
    run: SourceRun = None,
    map_: ClassNames = None,
    max_images: _MaxImages = MAX_IMAGES,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say how far apart two sets of images are, which kind of shift that is, and which methods suit.

    PATH is the labelled source, TARGET the other domain. With --run or --flow in place of PATH, TARGET comes first.
    """
    if run is not None or request.path is not None:
        target, request.source = request.source, None
    if target is None:
        raise UsageError("Two sets of images are wanted.", hint="Write graftwork gap SOURCE TARGET.")
    home = open_project(project, create=run is None)
    with telling() as tell:
        subject = home.find(run) if run is not None else request.flow(home)
        made = home.gap(subject, target, names=class_names(map_), max_images=max_images, tell=tell)
    print_json(made) if as_json else _show(made)


def _show(made: Gap) -> None:
    show_rows(
        ["stage", ">A-distance", ">MMD²", ">of halves", ">p", ">CORAL", ">of halves"],
        [
            (
                s.stage,
                f"{s.a_distance:.2f}" + (" (saturated)" if s.is_saturated else ""),
                f"{s.mmd:.4f}",
                f"{s.mmd_halves:.4f}",
                f"{s.mmd_p:.3f}",
                f"{s.coral:.2g}",
                f"{s.coral_halves:.2g}",
            )
            for s in made.stages
        ],
        title=f"{count(made.num_source)} source and {count(made.num_target)} target images, as {made.base} sees them",
    )
    target = console()
    if made.layers:
        most = max(made.layers, key=lambda layer: layer.shift)
        middle = sorted(layer.shift for layer in made.layers)[len(made.layers) // 2]
        target.print(
            f"Batch-norm statistics of the target, in the source's deviations: median {middle:.2f} over "
            f"{len(made.layers)} layers, most {most.shift:.2f} at {most.layer}.",
            markup=False,
            soft_wrap=True,
        )
    if made.labels is not None and made.labels.classes:
        show_rows(
            ["class", ">source", ">target", ">distance", "nearest class of the source"],
            [
                (c.name, c.num_source, c.num_target, f"{c.distance:.2f}", c.nearest)
                for c in made.labels.classes
            ],
            title="Shared classes; distances in the source's spread within classes",
        )
    for title, images in (("Most like the other domain", made.alike), ("Least like it", made.unlike)):
        keys = [f"{image.key} ({image.domain})" for image in images if image.domain == "target"][:5]
        target.print(f"{title}: {', '.join(keys)}", markup=False, soft_wrap=True)
    for line in (made.words, *made.reasons, *made.suits[1:]):
        target.print(line, markup=False, soft_wrap=True)
    for note in made.notes:
        say(note)
