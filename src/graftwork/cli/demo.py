"""``graftwork demo``: from nothing to a proven transfer in about a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork.cli.json_out import print_json, run_as_dict
from graftwork.cli.options import AsJson, open_project
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import console, count, duration, interval, proof_in_words, say, show_rows
from graftwork.cli.train import INTERRUPTED
from graftwork.project import Run
from graftwork.project.demo import DEMO, DemoResult, run_demo

__all__ = ["demo"]


def demo(
    project: Annotated[Path, typer.Option("--project", help="Folder of the demo's project.")] = Path(
        "demo-project"
    ),
    as_json: AsJson = False,
) -> None:
    """Run a small transfer from start to end and show what it gave.

    The same images are learned from scratch, by a new head on a pretrained base, and with a part of the base
    retrained. Everything is on this machine; nothing is fetched.
    """
    home = open_project(project, create=True)
    with ProgressView() as view:
        result = run_demo(home, on_event=view, on_run=lambda strategy: say(f"\n— {strategy} —"))
    if any(run.status != "finished" for run in result.runs.values()):
        say("The demo was stopped. Start it again; what was computed is in the cache.")
        raise typer.Exit(INTERRUPTED)
    if as_json:
        print_json(_as_dict(result))
    else:
        _show(result)


def _as_dict(result: DemoResult) -> dict[str, Any]:
    return {
        "source": DEMO.source,
        "majority_accuracy": result.majority_accuracy,
        "best": result.best,
        "gain_points": result.gain_points,
        "runs": {strategy: run_as_dict(run) for strategy, run in result.runs.items()},
    }


def _show(result: DemoResult) -> None:
    console().print()
    majority = ("majority class", f"{result.majority_accuracy:.3f}", None, None, None, None)
    show_rows(
        ["", "test accuracy (95 %)", "balanced accuracy", ">seconds", ">images through the base", "proof"],
        [majority, *(_row(strategy, run) for strategy, run in result.runs.items())],
        title=f"{DEMO.source}, {DEMO.base}, {DEMO.image_size} px",
    )
    best = result.runs[result.best]
    console().print(
        f"\nTransfer ({result.best.replace('_', ' ')}) gave {result.gain_points:+.1f} points of test accuracy "
        f"over training from scratch."
    )
    console().print(f"report: {best.report or best.path}", markup=False, soft_wrap=True)


def _row(strategy: str, run: Run) -> tuple[Any, ...]:
    scores, cost = run.metrics.of_classes("test"), run.cost
    return (
        strategy.replace("_", " "),
        interval(scores.accuracy),
        interval(scores.balanced_accuracy),
        duration(cost.seconds) if cost else None,
        count(cost.base_images) if cost else None,
        proof_in_words(run.proof),
    )
