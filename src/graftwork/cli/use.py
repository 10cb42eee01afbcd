"""``graftwork evaluate``, ``predict``, ``export`` and ``report``: what a run is used for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName, open_project
from graftwork.cli.show import console, say, show_classes, show_rows, show_scores
from graftwork.documents.record import Scores
from graftwork.errors import DataError
from graftwork.project.using import Prediction, predict_images

if TYPE_CHECKING:
    from graftwork.engine.trained import TrainedModel

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
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for masks or heat maps. Default: none are written."
        ),
    ] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Predict labels of images with a run."""
    home = open_project(project)
    found = home.find(run)
    model, written = home.load(found.id), _Written(out)
    predictions = list(predict_images(model, images, on_map=written.taker(model)))
    if as_json:
        files = {} if out is None else {"files": written.files}
        print_json({"run": found.id, "predictions": predictions, **files})
    else:
        _show_predictions([p for p in predictions if p.problem is None], model.objective.wants)
    if out is not None:
        say(written.in_words())
    for bad in (p for p in predictions if p.problem is not None):
        say(f"{bad.image} {bad.problem}.")
    if all(p.problem is not None for p in predictions):
        if as_json:
            raise typer.Exit(DataError.exit_code)
        raise DataError("None of the images can be read.", hint="Name image files or a folder of images.")


class _Written:
    """Masks and heat maps that are written while images are predicted."""

    def __init__(self, out: Path | None) -> None:
        self.out, self.files = out, list[Path]()

    def taker(self, model: TrainedModel) -> Callable[[str, Any, Any], None] | None:
        """Return who takes the map of an image; nobody when none are wanted."""
        if self.out is None:
            return None
        out = self.out

        def take(name: str, picture: Any, said: Any) -> None:
            from graftwork.project.looks.map_pictures import write_map

            self.files += write_map(out, name, picture, said, model, taken=self.files)

        return take

    def in_words(self) -> str:
        """Say what was written."""
        if self.files:
            return f"{len(self.files)} pictures are in {self.out}."
        return "This run says nothing of places, so that no picture was written."


def _show_predictions(predictions: Sequence[Prediction], kind: str) -> None:
    """Print what was said, in the columns that this kind of answer has."""
    if kind in ("number", "none"):
        names = list(dict.fromkeys(name for p in predictions for name in p.values))
        has_label = kind == "none" and any(p.label in ("odd", "normal") for p in predictions)
        show_rows(
            ["image", *(["label"] if has_label else []), *(f">{name}" for name in names)],
            [
                (p.image, *([p.label] if has_label else []), *(f"{p.values[n]:.4g}" for n in names))
                for p in predictions
            ],
        )
        return
    if kind == "tags":
        show_rows(
            ["image", "tags", "probabilities"],
            [(p.image, p.label or "none", _each(p.probabilities)) for p in predictions],
        )
        return
    share = ">share of pixels" if kind == "mask" else ">probability"
    show_rows(
        ["image", "label", share],
        [(p.image, p.label, None if p.probability is None else f"{p.probability:.3f}") for p in predictions],
    )


def _each(probabilities: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in probabilities.items())


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
    from graftwork.project.looks.reporting import comparison_report, full_report

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
