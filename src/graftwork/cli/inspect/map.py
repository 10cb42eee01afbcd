"""``graftwork inspect map`` and ``neighbors``: where images lie among each other in the eyes of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork.cli.inspect.options import RunOrFlow
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import plain, print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import console, count, interval, say, show_rows
from graftwork.documents.embedding import EmbeddingMap, MapMethod, MapSide, MapWeights, NeighborList
from graftwork.project.looks.embedding import MapChoice, embedding_map
from graftwork.project.looks.map_table import require_table_name, write_map
from graftwork.project.looks.neighbors import find_neighbors

__all__ = ["map_images", "neighbors"]

_At = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="PLACE",
        help="Where features are taken: base (its end), head (before it), or a stage.",
    ),
]


def map_images(
    run: RunOrFlow,
    method: Annotated[
        MapMethod, typer.Option("--method", help="pca at once; umap where umap-learn is installed.")
    ] = "pca",
    weights: Annotated[
        MapChoice, typer.Option("--weights", help="Before training, after it, or both.")
    ] = "both",
    at: _At = "base",
    beside: Annotated[
        str | None,
        typer.Option(
            "--beside", metavar="PATH", help="Further images, labelled or not, shown as another domain."
        ),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="Images shown at most. Default and limit: 50,000.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the points as a table: .csv or .parquet."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="With --json: the points too.")] = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show a run's images as points on a plane: near each other where the network sees them alike."""
    if out is not None:
        require_table_name(out)
    with inside_of(run, project) as inside:
        found = embedding_map(inside, method=method, at=at, weights=weights, beside=beside, most=most)
    if out is not None:
        write_map(found, out)
    if as_json:
        print_json(found if full else _summary(found))
        return
    _show(found)
    if out is not None:
        console().print(f"points: {out}", markup=False, soft_wrap=True)
    else:
        say("The points themselves: --out map.csv, or the studio.")


def neighbors(
    run: RunOrFlow,
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="Key of an image of the run, or an image file.")
    ],
    number: Annotated[int, typer.Option("--number", help="How many neighbors, 1 to 200.")] = 8,
    weights: Annotated[
        MapWeights | None, typer.Option("--weights", help="Default: trained; of a flow pretrained.")
    ] = None,
    at: _At = "base",
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """List the training images that a run sees most like one image."""
    with inside_of(run, project) as inside:
        found = find_neighbors(inside, image, number=number, weights=weights, at=at)
    if as_json:
        print_json(found)
    else:
        _show_neighbors(found)


def _summary(found: EmbeddingMap) -> dict[str, Any]:
    content: dict[str, Any] = plain(found)
    del content["points"]
    for side in content["sides"]:
        del side["x"], side["y"]
    return content


def _show(found: EmbeddingMap) -> None:
    target = console()
    shown = count(found.num_shown)
    if found.num_shown < found.num_images:
        shown += f" of {count(found.num_images)}"
    target.print(
        f"{shown} images, {found.method.upper()} of {found.num_features} features at '{found.place}'",
        markup=False,
        soft_wrap=True,
    )
    if len(found.domains) > 1:
        show_rows(["source", ">images"], [(d.name, count(d.num_images)) for d in found.domains])
    show_rows(["measure", *(f">{_name(found, side)}" for side in found.sides)], _measures(found))
    if found.is_unmoved:
        target.print("Training did not change these features: before and after are the same map.")
    if found.disparity is not None:
        target.print(
            f"before and after, laid over each other, differ by {found.disparity:.3f} (0 alike, 1 apart)"
        )
    for note in found.notes:
        say(note)


def _name(found: EmbeddingMap, side: MapSide) -> str:
    return "pretrained and trained" if found.is_unmoved else side.weights


def _measures(found: EmbeddingMap) -> list[tuple[str, ...]]:
    """Return the rows of the table of measures: a name, and a value for each side."""
    k = found.num_neighbors
    rows: list[tuple[str, ...]] = []
    if found.method == "pca":
        shares = [sum(side.explained or (0.0, 0.0)) for side in found.sides]
        rows.append(("variance that the two axes show", *(f"{100 * share:.1f} %" for share in shares)))
    for words, name in (
        (f"trustworthiness, {k} neighbors", "trustworthiness"),
        ("neighbors of the same class, by features", "same_class"),
        ("neighbors of the same class, on the map", "same_class_on_map"),
    ):
        values = [getattr(side, name) for side in found.sides]
        if any(value is not None for value in values):
            rows.append((words, *("–" if value is None else interval(value) for value in values)))
    if found.same_class_by_chance is not None:
        rows.append(("the same by chance", *(f"{found.same_class_by_chance:.3f}" for _ in found.sides)))
    return rows


def _show_neighbors(found: NeighborList) -> None:
    target = console()
    label = "" if found.label is None else f", label {found.label}"
    target.print(
        f"{found.image}{label}: nearest of {count(found.num_searched)} training images, {found.weights} weights",
        markup=False,
        soft_wrap=True,
    )
    show_rows(
        ["image", "label", ">distance (1 − cosine)"],
        [(one.key, one.label or "–", f"{one.distance:.4f}") for one in found.neighbors],
    )
    if found.same_class is not None:
        target.print(f"share of the same class (95 %): {interval(found.same_class)}", markup=False)
