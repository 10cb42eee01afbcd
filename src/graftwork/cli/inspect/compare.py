"""``graftwork inspect compare``: two runs image by image."""

from __future__ import annotations

from typing import Annotated

import typer

from graftwork.cli.inspect.evaluation import Split
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, open_project
from graftwork.cli.show import console, interval, say, show_rows
from graftwork.documents.paired import PairedComparison
from graftwork.project.looks.pairing import compare_images

__all__ = ["compare"]

_MOST_KEYS = 10
_RunA = Annotated[str, typer.Argument(metavar="RUN_A", help="A run's id, the beginning of it, or its name.")]
_RunB = Annotated[str, typer.Argument(metavar="RUN_B", help="The run that it is compared with.")]


def compare(
    run_a: _RunA,
    run_b: _RunB,
    split: Split = "test",
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs image by image: which are told right by one alone, and McNemar's test."""
    home = open_project(project)
    found = compare_images(home.find(run_a), home.find(run_b), split=split)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: PairedComparison) -> None:
    cells = {cell.cell: cell for cell in found.cells}
    show_rows(
        [f"{found.num_common} {found.split} images", ">B right", ">B wrong"],
        [
            ("A right", cells["both_right"].num_images, cells["only_a"].num_images),
            ("A wrong", cells["only_b"].num_images, cells["both_wrong"].num_images),
        ],
    )
    target = console()
    target.print(f"A {found.run_a}: accuracy {interval(found.accuracy_a)}", soft_wrap=True)
    target.print(f"B {found.run_b}: accuracy {interval(found.accuracy_b)}", soft_wrap=True)
    target.print(f"A minus B: {interval(found.difference)}; McNemar's exact test: p = {found.p_value:.3g}")
    for cell, words in ((cells["only_a"], "only A is right"), (cells["only_b"], "only B is right")):
        keys = cell.keys[:_MOST_KEYS]
        more = cell.num_images - len(keys)
        if keys:
            rest = f" and {more} more" if more else ""
            target.print(f"{words}: {', '.join(keys)}{rest}", markup=False, soft_wrap=True)
    for note in found.notes:
        say(note)
