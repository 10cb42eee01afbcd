"""``graftwork bases``: which pretrained models there are, and what is inside them."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import count, say, show_rows
from graftwork.cli.show_base import base_as_dict, show_base
from graftwork.documents.recipe import Strategy
from graftwork.errors import UnknownName, did_you_mean
from graftwork.project.project import default_root

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="List pretrained models and show what is inside them."
)


@app.command("list")
def list_all(
    host: Annotated[
        str | None, typer.Argument(metavar="HOST", help="Only bases of this host, such as timm.")
    ] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only ids that contain this text.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only bases that work without a network.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the bases that can be opened."""
    from graftwork.bases import list_bases

    found = [
        b
        for b in list_bases(host)
        if (not search or search.lower() in b.id.lower()) and (b.available_offline or not offline)
    ]
    if as_json:
        print_json({"bases": found})
        return
    show_rows(
        ["base", "title", ">parameters", "offline", "license"],
        [
            (
                b.id,
                b.title,
                None if b.num_parameters is None else count(b.num_parameters),
                "yes" if b.available_offline else "no",
                b.license,
            )
            for b in found
        ],
    )
    say(f"{len(found)} bases. `graftwork bases show ID` shows what is inside one.")


@app.command()
def show(
    base: Annotated[str, typer.Argument(metavar="ID", help="Base id, host:name.")],
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            metavar="|".join(get_args(Strategy)),
            help="Mark what this strategy freezes and what it trains.",
        ),
    ] = None,
    cut: Annotated[str | None, typer.Option("--cut", help="Stages up to this one are frozen.")] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Open each stage to its layers.")] = False,
    image_size: Annotated[
        int | None, typer.Option("--image-size", help="Side of the images in pixels.")
    ] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show a base stage by stage: shapes, parameters, where it can be cut, what was loaded."""
    from graftwork.bases import open_base

    card = open_base(base, image_size=image_size, runs=(project or default_root()) / "runs").card
    boundary = None
    if strategy is not None or cut is not None:
        from graftwork.engine.strategy import resolve_cut

        boundary = resolve_cut(card, _strategy(strategy or "some_layers"), cut)
    if as_json:
        print_json(base_as_dict(card, boundary))
    else:
        show_base(card, boundary, with_layers=layers)


def _strategy(name: str) -> Strategy:
    known: tuple[Strategy, ...] = get_args(Strategy)
    for strategy in known:
        if strategy == name:
            return strategy
    raise UnknownName(f"There is no strategy '{name}'.", hint=did_you_mean(name, known))
