"""``graftwork runs``: list, show, compare, delete, resume, stop, pause, reindex."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from graftwork.cli.json_out import plain, print_json, run_as_dict
from graftwork.cli.options import AsJson, Full, ProjectFolder, RunName, open_project
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import console, duration, interval, proof_in_words, say, show_classes, show_rows
from graftwork.cli.train import show_run, tell_run
from graftwork.documents.record import AnyScores, Scores, main_score
from graftwork.errors import UsageError
from graftwork.project import Run
from graftwork.project.comparison import Comparison

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="List, show, compare, delete, resume, stop and pause runs.",
)

_Several = Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids, beginnings of ids, or names.")]


@app.command("list")
def list_runs(project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """List all runs of the project, newest first."""
    home = open_project(project)
    rows = home.rows()
    if as_json:
        print_json({"project": str(home.root), "runs": rows})
        return
    if not rows:
        say(f"The project {home.root} has no runs yet. Make one with graftwork train FOLDER.")
        return
    show_rows(
        ["run", "name", "status", "base", "cut", ">test accuracy (95 %)", ">balanced", ">time", "proof"],
        [_short_row(row) for row in rows],
    )


def _short_row(row: dict[str, Any]) -> tuple[Any, ...]:
    accuracy = row["test_accuracy_value"]
    shown = (
        None
        if accuracy is None
        else f"{accuracy:.3f} ({row['test_accuracy_low']:.3f}–{row['test_accuracy_high']:.3f})"
    )
    balanced = row["test_balanced_accuracy_value"]
    proof = {None: None, True: "holds", False: "FAILS"}[row["proof_holds"]]
    return (
        row["id"],
        row["name"],
        row["status"],
        row["base"],
        row["cut"],
        shown,
        None if balanced is None else f"{balanced:.3f}",
        None if row["seconds"] is None else duration(row["seconds"]),
        proof,
    )


@app.command()
def show(run: RunName, project: ProjectFolder = None, as_json: AsJson = False, full: Full = False) -> None:
    """Show a run: scores, proof, cost, where its report lies."""
    found = open_project(project).find(run)
    if as_json:
        print_json(run_as_dict(found, full=full))
        return
    show_run(found)
    if isinstance(scores := found.metrics.get("test"), Scores):
        show_classes(scores)


def _other(scores: AnyScores | None) -> str | None:
    """Return the main score of what is not of classes."""
    if scores is None:
        return None
    name, value = main_score(scores)
    return f"{name.replace('_', ' ')} {interval(value)}"


@app.command()
def compare(runs: _Several, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Put runs side by side: their scores, and where they differ."""
    result = open_project(project).compare(runs)
    if as_json:
        print_json(
            {
                "runs": [plain(r.model_dump(mode="json", exclude={"card"})) for r in result.records],
                "differences": result.differences,
                "same_test_images": result.same_test_images,
            }
        )
        return
    _show_comparison(result)


def _show_comparison(result: Comparison) -> None:
    records = result.records
    show_rows(
        [
            "run",
            "name",
            "test accuracy (95 %)",
            "balanced accuracy",
            ">time",
            ">images through base",
            "proof",
        ],
        [
            (
                r.run,
                r.name,
                interval(s.accuracy) if isinstance(s := r.metrics.get("test"), Scores) else _other(s),
                interval(s.balanced_accuracy) if isinstance(s, Scores) else None,
                duration(r.cost.seconds) if r.cost else None,
                r.cost.base_images if r.cost else None,
                proof_in_words(r.proof),
            )
            for r in records
        ],
    )
    if result.differences:
        console().print()
        show_rows(
            ["differs in", *(r.run for r in records)],
            [(name, *values) for name, values in result.differences.items()],
        )
    if not result.same_test_images:
        say("These runs were not scored on the same test images; their scores do not compare.")
    if len(records) == 2:
        say(f"Image by image: graftwork inspect compare {records[0].run} {records[1].run}")


@app.command()
def delete(
    runs: _Several,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Delete runs with all that is in their folders. This cannot be undone."""
    home = open_project(project)
    found = list(dict.fromkeys(home.find(run).id for run in runs))
    if not yes:
        if as_json:
            raise UsageError("runs delete --json does not ask.", hint="Add --yes to delete the runs.")
        typer.confirm(f"Delete {', '.join(found)} for good?", abort=True, err=True)
    deleted = [home.delete(run) for run in found]
    if as_json:
        print_json({"deleted": deleted})
    else:
        say(f"Deleted {', '.join(deleted)}.")


@app.command()
def resume(run: RunName, project: ProjectFolder = None, as_json: AsJson = False, full: Full = False) -> None:
    """Go on with a run that was stopped, paused, killed or failed."""
    home = open_project(project)
    with ProgressView() as view:
        found = home.resume(run, on_event=view)
    tell_run(found, as_json=as_json, full=full)


@app.command()
def stop(run: RunName, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Ask a run at work to stop: it keeps and scores the best weights so far, then ends."""
    _told(open_project(project).stop(run), "stop", as_json=as_json)


@app.command()
def pause(run: RunName, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Ask a run at work to pause: it saves where it is and ends. runs resume goes on bit for bit."""
    _told(open_project(project).pause(run), "pause", as_json=as_json)


def _told(run: Run, order: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"run": run.id, "asked": order})
    else:
        say(f"Asked {run.id} to {order}. See graftwork runs show {run.id}.")


@app.command()
def reindex(project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Build the index of runs anew from their folders."""
    number = open_project(project).reindex()
    if as_json:
        print_json({"runs": number})
    else:
        say(f"The index holds {number} run{'s' * (number != 1)}.")
