"""``graftwork evaluate``, ``predict``, ``export`` and ``report``: what a run is used for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName, open_project
from graftwork.cli.show import console, say, show_classes, show_rows, show_scores
from graftwork.documents.record import Scores
from graftwork.errors import DataError
from graftwork.project.using import predict_images

__all__ = ["evaluate", "export", "predict", "report"]

_Column = Annotated[str | None, typer.Option(help="Table: name of the column.")]


def evaluate(
    run: RunName,
    path: Annotated[
        str | None,
        typer.Argument(metavar="PATH", help="Labelled images; the run's own test images if not given."),
    ] = None,
    image_column: _Column = None,
    label_column: _Column = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Score a run on its test images or on other images."""
    home = open_project(project)
    found = home.find(run)
    scores = home.evaluate(found.id, path, image_column=image_column, label_column=label_column)
    if as_json:
        print_json({"run": found.id, "source": path, "metrics": scores})
        return
    show_scores({path or "test": scores})
    if isinstance(scores, Scores):
        show_classes(scores)


def predict(
    run: RunName,
    images: Annotated[list[str], typer.Argument(metavar="IMAGES...", help="Images or folders of images.")],
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Predict labels of images with a run."""
    home = open_project(project)
    found = home.find(run)
    predictions = list(predict_images(home.load(found.id), images))
    if as_json:
        print_json({"run": found.id, "predictions": predictions})
    else:
        readable = [p for p in predictions if p.problem is None]
        show_rows(
            ["image", "label", ">probability"],
            [(p.image, p.label, None if p.probability is None else f"{p.probability:.3f}") for p in readable],
        )
    for bad in (p for p in predictions if p.problem is not None):
        say(f"{bad.image} {bad.problem}.")
    if all(p.problem is not None for p in predictions):
        if as_json:
            raise typer.Exit(DataError.exit_code)
        raise DataError("None of the images can be read.", hint="Name image files or a folder of images.")


def export(
    run: RunName,
    to: Annotated[str, typer.Option("--to", help="Format.")] = "onnx",
    destination: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. In the run's folder if not given.")
    ] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write a run's model for use elsewhere, and check it against the run on real images."""
    home = open_project(project)
    found = home.find(run)
    written = home.export(found.id, to=to, destination=destination)
    if as_json:
        print_json({"run": found.id, "to": to, **written.model_dump(mode="json")})
        return
    console().print(str(written), markup=False, soft_wrap=True)
    console().print(f"pre-processing: {written.preprocessing}", markup=False, soft_wrap=True)


def report(
    run: RunName,
    looks: Annotated[
        str,
        typer.Option(
            metavar="all|kept|LOOK,…",
            help="What is looked at first: all; only what is kept already; or some of evaluation, saliency, drift, "
            "depth, data, map.",
        ),
    ] = "all",
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="RUN", help="Write a report of RUN beside this run instead. Repeatable."
        ),
    ] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write a run's HTML report anew and say where it lies."""
    from graftwork.cli.inspect.subject import told
    from graftwork.project.reporting import comparison_report, full_report

    home = open_project(project)
    found = home.find(run)
    if compare:
        path = comparison_report(home, [found.id, *compare])
    else:
        wanted = {"all": None, "kept": ()}.get(looks, looks.split(","))
        with told(home.inspect(found.id)) as inside:
            path = full_report(inside, wanted)
    if as_json:
        print_json({"run": found.id, "report": str(path)})
    else:
        console().print(str(path), markup=False, soft_wrap=True)
