"""``graftwork components``: what flows are made of."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson
from graftwork.cli.show import console, say, show_rows
from graftwork.graph.contract import Group
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.describe import ComponentCard, describe, kinds_of
from graftwork.graph.ports import Port, show_shape

__all__ = ["components"]


def components(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this one: ports, shapes, settings.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what flows are made of, or show one.

    By group; of one component its ports, shapes and settings.
    """
    if name is not None:
        card = describe(CONTRACTS.get(name))
        if as_json:
            print_json(card)
        else:
            _show(card)
        return
    found = sorted(CONTRACTS, key=lambda c: get_args(Group).index(c.group))
    if as_json:
        fields = ("name", "group", "title", "summary")
        print_json({"components": [{f: getattr(c, f) for f in fields} for c in found]})
        return
    show_rows(["group", "component", "what it does"], [(c.group, c.name, c.summary) for c in found])
    say(f"{len(found)} components. `graftwork components NAME` shows ports, shapes and settings of one.")


def _show(card: ComponentCard) -> None:
    console().print(f"[bold]{card.name}[/bold] ({card.group}). {card.summary}", soft_wrap=True)
    rows = [("in", *_port(p)) for p in card.inputs] + [("out", *_port(p)) for p in card.outputs]
    note = "Ports (by default)" if card.ports_depend_on_settings else "Ports"
    show_rows(["", "port", "kind", "shape", "about"], rows, title=note)
    if card.examples:
        show_rows(
            ["what comes in", "what comes out"],
            [(e.given, e.gives) for e in card.examples],
            title="Shapes (by default)",
        )
    if card.settings:
        show_rows(
            ["setting", "type", "default", "meaning"],
            [(s.name, s.type, s.default, s.description) for s in card.settings],
            title="Settings",
        )
    else:
        say("It has no settings.")


def _port(port: Port) -> tuple[str, str, str, str]:
    shape = "any" if port.shape == ("...",) else show_shape(port.shape)
    about = ("Optional. " if port.is_optional else "") + port.help
    return port.name, kinds_of(port), shape, about.strip()
