"""``graftwork advise``: how much of the base to retrain, from measured size and similarity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.inspect.subject import told
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, count, duration, say, show_rows, size
from graftwork.documents.advice import Advice, Signal
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import dump_flow
from graftwork.errors import UsageError
from graftwork.project.choosing.advise import advise_on

__all__ = ["advise", "map_lines"]

_TrainedOn = Annotated[
    str | None,
    typer.Option(
        "--trained-on",
        metavar="DATA|RUN",
        help="What the base was trained on: images, or a run. Known of a base that is a run of this project.",
    ),
]
_Write = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="Write the flow with the advice in it.")
]
_WIDTH, _HEIGHT = 46, 9


@takes_transfer_options
def advise(
    request: FlowRequest,
    trained_on: _TrainedOn = None,
    write: _Write = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say how much of the base to retrain for your images, why, and what each strategy would cost."""
    if write is not None and write.exists():
        raise UsageError(f"{write} is there already.", hint="Choose another file.")
    home = open_project(project, create=True)
    with told(home.inspect(request.flow(home))) as inside:
        found = advise_on(inside, source=trained_on)
    if write is not None:
        with storing("The flow", write.parent, next_step="Name another file."):
            write_atomically(write, dump_flow(found.flow))
    if as_json:
        print_json(found)
        return
    _show(found)
    if write is not None:
        say(f"Wrote {write}. Next: graftwork train --flow {write}")


def _show(advice: Advice) -> None:
    target = console()
    data = advice.size
    target.print(
        f"{advice.source}: {count(data.num_images)} training images, {data.num_classes} classes, "
        f"{data.per_class_median:g} per class (median; least {data.per_class_min}); base {advice.base}",
        markup=False,
        soft_wrap=True,
    )
    for line in map_lines(advice):
        target.print(line, markup=False)
    show_rows(
        ["signal", ">reading", "says", "what it means"], [_row(s) for s in advice.signals], title="Similarity"
    )
    target.print(
        f"[bold]Advice: {advice.strategy}[/bold], cut after '{advice.cut}', confidence {advice.confidence}"
    )
    for text in (advice.reason, *advice.doubts, *advice.notes):
        target.print(text, markup=False, soft_wrap=True)
    show_rows(
        ["strategy", "cut", ">trains", ">about", ">memory of a step"],
        [
            (
                f"{row.strategy} *" if row.strategy == advice.strategy else row.strategy,
                row.cut,
                count(row.trainable_parameters),
                duration(row.seconds),
                size(row.memory_bytes),
            )
            for row in advice.strategies
        ],
        title="What each strategy would take here (estimated)",
    )
    if advice.changes:
        show_rows(
            ["setting", "value", "was", "why"],
            [(c.field, _said(c.value), _said(c.before), c.reason) for c in advice.changes],
            title="Settings that come with it",
        )


def _said(value: object) -> str:
    return "–" if value is None else str(value)


def _row(signal: Signal) -> tuple[str, str, str, str]:
    reading = "–" if signal.reading is None else f"{signal.reading:.2f} {signal.unit}".strip()
    return signal.title, reading, signal.says, signal.words


def map_lines(advice: Advice) -> list[str]:
    """Return the map of size and similarity as text: four quadrants with their strategies, the data a dot.

    More images lie to the right, more similar ones higher.
    """
    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    middle, center = _HEIGHT // 2, _WIDTH // 2
    for row in grid:
        row[center] = "│"
    grid[middle] = ["─"] * _WIDTH
    grid[middle][center] = "┼"
    table = advice.table
    for quadrant, top, left in (
        ("small_similar", 1, 2),
        ("large_similar", 1, center + 3),
        ("small_different", _HEIGHT - 2, 2),
        ("large_different", _HEIGHT - 2, center + 3),
    ):
        for offset, letter in enumerate(table[quadrant]):  # type: ignore[index]
            grid[top][left + offset] = letter
    across, up = advice.place
    grid[round((1 - up) * (_HEIGHT - 1))][round(across * (_WIDTH - 1))] = "●"
    body = ["  │" + "".join(row) for row in grid]
    scale = f"  └{'─' * _WIDTH}"
    ends = f"   few images per class{' ' * 3}border {advice.large_from:g}{' ' * 3}many"
    return ["  similar to what the base was trained on", *body, scale, ends]
