"""``graftwork mix`` and ``graftwork soup``: runs that are averages of weights."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from graftwork.cli.json_out import print_json, run_as_dict
from graftwork.cli.options import AsJson, ProjectFolder, RunName, open_project
from graftwork.cli.show import console, interval, say, show_rows
from graftwork.cli.train import show_run
from graftwork.documents.averaged import AveragedRun
from graftwork.documents.mix_curve import MixCurve

__all__ = ["mix", "soup"]

_Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids, beginnings of ids, or names.")]


class _Kind(StrEnum):
    """How a soup chooses."""

    greedy = "greedy"
    uniform = "uniform"


def mix(
    run: RunName,
    t: Annotated[
        float | None,
        typer.Option("--t", min=0.0, max=1.0, help="0: the start; 1: the run. Default: best on validation."),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=2, max=101, help="Places that are measured when --t is not given.")
    ] = 11,
    only_curve: Annotated[bool, typer.Option("--curve-only", help="Measure; make no run.")] = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Score the weights between where a run's training began and where it ended; make the best a new run.

    The start is the base with the head of the probe. Validation images choose; test images are only shown.
    """
    home = open_project(project)
    if only_curve:
        curve = home.mix_curve(run, steps=steps)
        if as_json:
            print_json({"curve": curve, "t": None, "run": None})
        else:
            _show_curve(curve, curve.chosen_t)
        return
    made = home.mix(run, t=t, steps=steps)
    if as_json:
        print_json({"curve": made.curve, "t": made.t, "run": run_as_dict(made.run)})
        return
    _show_curve(made.curve, made.t)
    console().print()
    show_run(made.run)


def soup(
    runs: _Runs,
    kind: Annotated[
        _Kind, typer.Option(help="greedy: keep what helps on validation; uniform: all.")
    ] = _Kind.greedy,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Average the weights of runs that began in the same place, and make the mean a new run."""
    made = open_project(project).soup(runs, kind=kind.value)
    if as_json:
        print_json(run_as_dict(made))
        return
    if made.record.averaged is not None:
        _show_soup(made.record.averaged)
    show_run(made)


def _show_curve(curve: MixCurve, chosen: float | None) -> None:
    by, score = curve.chosen_by.replace("_", " "), curve.score.replace("_", " ")
    show_rows(
        [">t", f">validation {by}", f"validation {score} (95 %)", f"test {score} (95 %)", ""],
        [
            (
                f"{point.t:g}",
                None if point.watched is None else f"{point.watched:.4f}",
                interval(point.validation) if point.validation else None,
                interval(point.test) if point.test else None,
                " ".join(
                    word
                    for word, is_so in (
                        ("start", point.t == 0),
                        ("run", point.t == 1),
                        ("chosen", point.t == chosen),
                    )
                    if is_so
                ),
            )
            for point in curve.points
        ],
    )
    for note in curve.notes:
        say(note)


def _show_soup(averaged: AveragedRun) -> None:
    if not averaged.steps:
        return
    by = (averaged.chosen_by or "").replace("_", " ")
    show_rows(
        ["run", "name", f">alone ({by})", f">soup with it ({by})", ""],
        [
            (
                step.run,
                step.name,
                f"{step.alone:.4f}",
                None if step.together is None else f"{step.together:.4f}",
                "kept" if step.is_kept else "left out",
            )
            for step in averaged.steps
        ],
    )
    console().print()
