"""``graftwork data``: a look at images before they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork.cli.json_out import plain, print_json
from graftwork.cli.options import AsJson, ProjectFolder
from graftwork.cli.show import console, say, show_rows
from graftwork.documents.data_view import DataFix, DataReport
from graftwork.documents.flow import read_flow, write_flow
from graftwork.errors import FlowError, UnknownName, UsageError, did_you_mean
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.options import read_as
from graftwork.project.project import default_root

__all__ = ["app"]

_LONGEST = 40

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at your images before you train.")


@app.callback()
def _group() -> None:
    """Look at your images before you train."""


@app.command()
def check(
    path: Annotated[
        str | None, typer.Argument(metavar="PATH", help="What you would give to train; or give --flow.")
    ] = None,
    image_column: Annotated[str | None, typer.Option(help="Table: column with image paths.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Table: column with labels.")] = None,
    split_column: Annotated[str | None, typer.Option(help="Table: column with splits.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Table: column with groups.")] = None,
    flow: Annotated[
        Path | None, typer.Option("--flow", help="Look at the images of this flow, corrected as it says.")
    ] = None,
    apply: Annotated[
        list[str] | None,
        typer.Option("--apply", metavar="FIX", help="Write this fix into the file of --flow. Repeatable."),
    ] = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Count classes, find broken images, duplicates and splits that leak, and say what can be done.

    Changes nothing, unless --apply says so; then the flow's file alone.
    """
    columns = {
        "image_column": image_column,
        "label_column": label_column,
        "split_column": split_column,
        "group_column": group_column,
    }
    given = {name: value for name, value in columns.items() if value is not None}
    if (path is None) == (flow is None) or (flow is not None and given) or (apply and flow is None):
        raise UsageError(
            "Either PATH with its columns or --flow is wanted; --apply goes with --flow.",
            hint="Write graftwork data check FOLDER, or graftwork data check --flow FILE.",
        )
    index = (project or default_root()) / "data"
    place = index if index.is_dir() else None
    if flow is not None:
        settings = _corrected(flow, apply or [], place)
    else:
        settings = ImagesSettings(source=str(path), **given)
    report, fixes = _look(settings, place)
    if as_json:
        print_json({**plain(report), "fixes": plain(fixes)})
    else:
        _show(plain(report))
        _show_fixes(fixes, flow)


def _look(settings: ImagesSettings, index: Path | None) -> tuple[DataReport, tuple[DataFix, ...]]:
    from graftwork.data import check_images
    from graftwork.data.duplicates import find_duplicates
    from graftwork.data.fixes import propose_fixes
    from graftwork.project.sources import open_source

    images = open_source(settings, index)
    duplicates = find_duplicates(images)
    report = check_images(images, duplicates)
    return report, propose_fixes(images, duplicates, report, settings)


def _corrected(path: Path, wanted: list[str], index: Path | None) -> ImagesSettings:
    """Write fixes into a flow's file, one after the other, and return the settings of its images."""
    flow = read_flow(path)
    nodes = flow.of_component("images")
    if len(nodes) != 1:
        raise FlowError(
            f"The flow '{flow.name}' has {len(nodes)} nodes of component 'images'; one is wanted."
        )
    settings = read_as(ImagesSettings, nodes[0].settings)
    for name in wanted:
        fixes = {fix.id: fix for fix in _look(settings, index)[1]}
        if name not in fixes:
            raise UnknownName(
                f"There is no fix '{name}' for the images of {path}.",
                hint=did_you_mean(name, list(fixes)) if fixes else "Nothing is left to be mended.",
            )
        flow = flow.with_settings(nodes[0].id, **fixes[name].changes)
        flow = flow.edit(recipe=flow.recipe.edit(**fixes[name].recipe_changes))
        settings = settings.edit(**fixes[name].changes)
    if wanted:
        write_flow(flow, path)
        say(f"Written into {path}: {', '.join(wanted)}.")
    return settings


def _show_fixes(fixes: tuple[DataFix, ...], flow: Path | None) -> None:
    if fixes:
        console().print()
        show_rows(["fix", "what it does"], [(fix.id, fix.title) for fix in fixes])
        file = flow or "FILE"
        console().print(f"Apply one with: graftwork data check --flow {file} --apply FIX", markup=False)


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
