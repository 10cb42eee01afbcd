"""``graftwork new``: start a flow from a template."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson
from graftwork.cli.show import say, show_rows
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.errors import UsageError
from graftwork.graph.custom import custom_nodes
from graftwork.project.sources import source_text
from graftwork.project.templates import (
    Template,
    fill_template,
    get_template,
    list_templates,
    untrained_bases,
)
from graftwork.project.trust import folder_of_flow, is_trusted

__all__ = ["new"]


def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of the flow. Default: the template's.")
    ] = None,
    template: Annotated[str, typer.Option("--template", help="What to start from; see --list.")] = "transfer",
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Folder, table, arrays, or sample:NAME.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Weights of the base, where the template has none."),
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="Base id for the template's backbones.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the templates.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write. Default: NAME.yaml.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a flow file to start from. Nothing is trained; the next command is printed."""
    if show:
        _list(as_json)
        return
    found = get_template(template)
    source = None if data is None else source_text(data, Path())
    flow = fill_template(found, name=name, data=source, weights=weights, base=base)
    path = out or Path(f"{flow.name}.yaml")
    if path.exists():
        raise UsageError(f"{path} is there already.", hint="Choose another NAME, or a file with --out.")
    with storing("The flow", path.parent, next_step="Name a file with --out."):
        write_atomically(path, dump_flow(flow))
    notes = _notes(found, flow, path)
    command = f"graftwork train --flow {shlex.quote(str(path))}"
    if as_json:
        print_json({"flow": str(path), "template": found.name, "notes": notes, "next": command})
        return
    for note in notes:
        say(note)
    print(f"Wrote {path}: {flow.title}.\nNext: {command}")


def _list(as_json: bool) -> None:
    found = list_templates()
    if as_json:
        rows = [{"name": t.name, "title": t.title, "description": t.description} for t in found]
        print_json({"templates": rows})
    else:
        show_rows(["template", "title"], [(t.name, t.title) for t in found])
        say("`graftwork new NAME --template T --data PATH` writes one as a flow file.")


def _notes(template: Template, flow: Flow, path: Path) -> list[str]:
    """Return what is still to be done, and what the user should know."""
    notes = []
    settings = flow.of_component("images")[0].settings
    if settings == template.flow.of_component("images")[0].settings and template.wants_data:
        notes.append(f"Its images are to be in '{settings['source']}'; name yours with --data PATH.")
    fields = ("label_column", "label_columns", "number_columns", "category_columns")
    columns = [column for field in fields for column in _words(settings.get(field))]
    if columns:
        notes.append(f"It reads the columns {', '.join(columns)}; write your table's in the file.")
    if any(node.settings.get("base") == "run:ID" for node in flow.nodes):
        notes.append(
            "Its base is 'run:ID'; name your run with --base run:ID. `graftwork runs list` shows them."
        )
    if untrained := untrained_bases(flow):
        notes.append(_warning(untrained))
    if custom_nodes(flow):
        home = folder_of_flow(path)
        if not is_trusted(home):
            notes.append(
                f"It runs code of its own. Where you train it must be trusted: graftwork trust {home}"
            )
    return notes


def _words(value: object) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(v) for v in value]
    return [] if value is None else [str(value)]


def _warning(nodes: tuple[str, ...]) -> str:
    one = len(nodes) == 1
    return (
        f"Warning: {'node' if one else 'nodes'} {', '.join(nodes)} {'starts' if one else 'start'} from random "
        "weights; frozen, that is no pretrained base, and results will be poor. Name a file with --weights FILE. "
        "For Keras, on a machine with a network: keras.applications.NAME(include_top=False).save('base.keras'), "
        "or the .h5 that Keras leaves in ~/.keras/models."
    )
