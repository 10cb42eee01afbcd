"""``graftwork data``: a look at images before they are used."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from graftwork.cli.json_out import plain, print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import console, show_rows
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.project import default_root

__all__ = ["app"]

_LONGEST = 40

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at your images before you train.")


@app.callback()
def _group() -> None:
    """Look at your images before you train."""


@app.command()
def check(
    path: Annotated[str, typer.Argument(metavar="PATH", help="What you would give to train.")],
    image_column: Annotated[str | None, typer.Option(help="Table: column with image paths.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Table: column with labels.")] = None,
    split_column: Annotated[str | None, typer.Option(help="Table: column with splits.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Table: column with groups.")] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Count classes, find broken images, duplicates and splits that leak. Changes nothing."""
    from graftwork.data import check_images
    from graftwork.project.sources import open_source

    settings = ImagesSettings(
        source=path,
        image_column=image_column,
        label_column=label_column,
        split_column=split_column,
        group_column=group_column,
    )
    index = (project or default_root()) / "data"
    images = open_source(settings, index if index.is_dir() else None)
    report = check_images(images)
    if as_json:
        print_json(report)
    else:
        _show(plain(report))


def _show(content: dict[str, Any]) -> None:
    """Print a data report: single facts, then what is counted by something, then the problems."""
    problems = content.pop("problems", [])
    tables = {name: value for name, value in content.items() if isinstance(value, dict)}
    facts = [(_words(n), _fact(v)) for n, v in content.items() if n not in tables]
    show_rows(["fact", "value"], facts)
    for name, value in tables.items():
        if value:
            console().print()
            rows = [(k, _fact(v)) for k, v in list(value.items())[:_LONGEST]]
            rest = [(f"… {len(value) - _LONGEST} more", None)] if len(value) > _LONGEST else []
            show_rows([_words(name), ">count"], [*rows, *rest])
    console().print()
    for problem in problems:
        color = "red" if problem.get("level") == "error" else "yellow"
        hint = f" {problem['hint']}" if problem.get("hint") else ""
        console().print(f"[{color}]{problem['level']}[/{color}]: ", end="")
        console().print(problem["message"] + hint, markup=False, soft_wrap=True)
    if not problems:
        console().print("No problems found.")


def _words(name: str) -> str:
    return name.removeprefix("num_").replace("_", " ")


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    if isinstance(value, list):
        shown = ", ".join(str(v) for v in value[:10])
        return (shown + (f" … ({len(value)})" if len(value) > 10 else "")) or "none"
    return "–" if value is None else str(value)
