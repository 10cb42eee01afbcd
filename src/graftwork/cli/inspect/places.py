"""``graftwork inspect places``: masks and heat maps of a run's images."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from graftwork.cli.inspect.options import Out
from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName
from graftwork.cli.show import console, show_rows
from graftwork.documents.places import PlacePage, PlaceRow

__all__ = ["places"]


class _Order(StrEnum):
    worst = "worst"
    best = "best"
    key = "key"


class _Split(StrEnum):
    validation = "validation"
    test = "test"


def places(
    run: RunName,
    split: Annotated[_Split, typer.Option(help="Whose images.")] = _Split.test,
    order: Annotated[
        _Order, typer.Option(help="Masks by overlap, the least first; anomalies by score, the oddest first.")
    ] = _Order.worst,
    limit: Annotated[int, typer.Option(min=1, help="Most images to show.")] = 12,
    out: Out = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the masks or heat maps of a run's images, worst first."""
    from graftwork.documents.files import write_atomically
    from graftwork.project.looks.map_pictures import png_of
    from graftwork.project.looks.places import place_page

    with inside_of(run, project) as inside:
        page, pictures = place_page(inside, split=split.value, order=order.value, limit=limit)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            write_atomically(out / name, png_of(picture))
    if as_json:
        print_json(page)
        return
    _show(page)
    if out is not None:
        console().print(f"{len(pictures)} pictures in {out}", markup=False, soft_wrap=True)


def _show(page: PlacePage) -> None:
    if page.kind == "mask":
        names = [entry.name for entry in page.legend]
        show_rows(
            ["image", ">IoU", ">wrong pixels", *(f">IoU of {name}" for name in names)],
            [(row.key, _share(row.overlap), _percent(row.wrong_share), *_overlaps(row)) for row in page.rows],
        )
    else:
        show_rows(
            ["image", "label", ">score", ">oddest at x", ">y"],
            [
                (row.key, row.label, f"{row.score:.3f}", *map(_percent, row.peak or (None, None)))
                for row in page.rows
            ],
        )
        if page.threshold is not None:
            console().print(f"odd from a score of {page.threshold:.3f}")
    for row in page.rows:
        if row.problem is not None:
            console().print(f"{row.key}: {row.problem}", markup=False, soft_wrap=True)
    if page.total > len(page.rows):
        console().print(f"{len(page.rows)} of {page.total} images; --limit shows more")


def _overlaps(row: PlaceRow) -> list[str | None]:
    return [_share(one.iou) for one in row.classes]


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"
