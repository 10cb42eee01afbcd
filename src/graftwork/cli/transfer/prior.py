"""``graftwork prior``: what past searches say of settings, as a file and as a start for new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, open_project
from graftwork.cli.show import count, say, show_rows
from graftwork.documents.prior import DimensionPrior, PriorView
from graftwork.project.transferring.prior import gather_prior, merged, read_prior, view_prior, write_prior

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="See, export and join what past searches say of good settings.")

_From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="PATH",
        help="A prior that was exported, or another project's folder, too. Repeatable.",
    ),
]


@app.command("show")
def show(from_: _From = None, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Show past tasks, what was good there by dimension, and settings to try at once."""
    home = open_project(project)
    prior = merged([gather_prior(home), *(read_prior(path) for path in from_ or ())])
    if not prior.tasks:
        say("No search of this project has a finished round yet: graftwork tune makes the tasks of a prior.")
        return
    made = view_prior(prior)
    print_json(made) if as_json else _show(made)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; JSON.")],
    from_: _From = None,
    project: ProjectFolder = None,
) -> None:
    """Write past tasks as one file: measures, settings and scores; no image, no path, no weights."""
    home = open_project(project)
    prior = merged([gather_prior(home), *(read_prior(path) for path in from_ or ())])
    write_prior(prior, file)
    rounds = sum(len(task.rounds) for task in prior.tasks)
    say(
        f"Written: {file}, {count(len(prior.tasks))} tasks with {count(rounds)} rounds. Use it: graftwork tune FOLDER --prior {file}"
    )


def _show(made: PriorView) -> None:
    show_rows(["past task", ">weight"], [(name, f"{w:.2f}") for name, w in made.weights.items()])
    show_rows(
        ["setting", ">5 %", ">median", ">95 %", "shares"],
        [_row(d) for d in made.dimensions],
        title=f"Good settings of {count(made.num_rounds)} rounds",
    )
    show_rows(
        ["", "settings to try at once", "from", ">loses"],
        [
            (
                at,
                ", ".join(f"{k}={_value(v)}" for k, v in entry.params.items()),
                entry.of_task,
                f"{entry.regret:.3f}",
            )
            for at, entry in enumerate(made.portfolio, start=1)
        ],
    )
    for note in made.notes:
        say(note)


def _row(dimension: DimensionPrior) -> list[str]:
    if dimension.quantiles is not None:
        return [dimension.name, *(f"{q:.3g}" for q in dimension.quantiles), ""]
    shares = sorted(dimension.shares.items(), key=lambda item: -item[1])
    return [dimension.name, "", "", "", ", ".join(f"{name} {share:.2f}" for name, share in shares[:5])]


def _value(value: float | int | str | None) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
