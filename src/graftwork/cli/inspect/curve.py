"""``graftwork inspect curve``: how many labels transfer saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from graftwork.cli.inspect.subject import inside_of
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName
from graftwork.cli.show import console, duration, interval, say, show_rows
from graftwork.documents.learning_curve import CurveChoices, CurveEstimate, CurveState, LearningCurve
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval
from graftwork.errors import UsageError
from graftwork.project.looks.curve_estimate import estimate_curve
from graftwork.project.looks.curve_steering import only_one, write_state
from graftwork.project.looks.learning_curve import measure_curve, subject_of
from graftwork.project.options import read_as

if TYPE_CHECKING:
    from graftwork.project.looks.inspection import Inspection
    from graftwork.project.run import Run

__all__ = ["curve"]

_DEFAULTS = CurveChoices()
_USUAL_SHARES = ",".join(f"{share:g}" for share in _DEFAULTS.shares)
_USUAL_SEEDS, _USUAL_STRATEGY = _DEFAULTS.seeds, str(_DEFAULTS.strategy)
_Shares = Annotated[
    str,
    typer.Option("--shares", metavar="A,B,…", help="Shares of the training labels, above 0 and at most 1."),
]
_Seeds = Annotated[
    int, typer.Option("--seeds", help="Runs of each point, each with labels and new layers of its own draw.")
]
_Strategy = Annotated[
    str,
    typer.Option(
        "--strategy",
        metavar="|".join(s for s in get_args(Strategy) if s != "from_scratch"),
        help="Of transfer. The run's own strategy takes its flow as it stands.",
    ),
]
_Scratch = Annotated[bool, typer.Option("--scratch/--no-scratch", help="Whether to train from scratch too.")]
_Epochs = Annotated[
    int | None,
    typer.Option("--scratch-epochs", help="Passes over the data from scratch. Default: as many as the run."),
]
_Estimate = Annotated[
    bool, typer.Option("--estimate", help="Only say what would be run and how long it takes.")
]


def curve(
    run: RunName,
    shares: _Shares = _USUAL_SHARES,
    seeds: _Seeds = _USUAL_SEEDS,
    strategy: _Strategy = _USUAL_STRATEGY,
    scratch: _Scratch = True,
    scratch_epochs: _Epochs = None,
    estimate: _Estimate = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Measure the learning curve of a run's task, with transfer and from scratch: how many labels does transfer save?

    Each point is a run on a share of the same training labels, scored on the same images. What was measured once
    is never measured again: ctrl-C stops, and the same command goes on.
    """
    named = {"shares": _numbers(shares), "seeds": seeds, "strategy": strategy, "scratch": scratch}
    choices = read_as(CurveChoices, {**named, "scratch_epochs": scratch_epochs})
    with inside_of(run, project, only_runs=True) as inside:
        subject = subject_of(inside)
        cost = estimate_curve(inside, subject, choices)
        made = None if estimate else _measured(inside, subject, choices, cost)
    if made is None:
        print_json(cost) if as_json else _show_estimate(cost)
    else:
        print_json(made) if as_json else _show(made)


def _measured(inside: Inspection, subject: Run, choices: CurveChoices, cost: CurveEstimate) -> LearningCurve:
    """Measure the curve; its state is kept for those who ask meanwhile."""
    if cost.num_runs:
        say(
            f"{cost.num_runs} runs are to be done, about {duration(cost.seconds)}; ctrl-C stops, and the same command goes on from there."
        )
    told = _Teller()
    with only_one(subject):

        def tell(state: CurveState) -> None:
            write_state(subject, state)
            told(state)

        made = measure_curve(inside, choices, told=tell)
        write_state(
            subject,
            CurveState(
                run=subject.id,
                status="finished",
                choices=choices,
                done=made.done,
                total=made.total,
                share=1.0,
                seconds_left=0.0,
                curve=made,
            ),
        )
    return made


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise UsageError(
            f"--shares wants numbers with commas between them, got '{text}'.",
            hint="Write --shares 0.1,0.5,1.",
        ) from error


class _Teller:
    """Says which run begins."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, state: CurveState) -> None:
        if state.at and state.at != self._last:
            self._last = state.at
            left = "" if state.seconds_left is None else f", about {duration(state.seconds_left)} left"
            say(f"{state.done + 1}/{state.total}: {state.at}{left}")


def _show_estimate(cost: CurveEstimate) -> None:
    show_rows(
        ["strategy", ">labels", ">share", ">done", ">time left"],
        [(c.strategy, c.num_labels, f"{100 * c.share:g} %", c.done, duration(c.seconds)) for c in cost.costs],
    )
    console().print(f"{cost.num_runs} runs, about {duration(cost.seconds)}")


def _show(made: LearningCurve) -> None:
    transfer, scratch = ({p.share: p.score for p in line} for line in (made.transfer, made.scratch))
    labels = {p.share: p.num_labels for p in (*made.transfer, *made.scratch)}
    gains = {g.share: g.gain for g in made.gains}
    needed = {n.num_labels: n.needed for n in made.needed}
    rows = [
        (
            labels[share],
            f"{100 * share:g} %",
            interval(transfer.get(share)),
            interval(scratch.get(share)),
            _signed(gains.get(share)),
            _needs(needed, labels[share]),
        )
        for share in sorted(labels)
    ]
    name = made.score_name.replace("_", " ")
    columns = [
        ">labels",
        ">share",
        f"{name}, transfer (95 %)",
        "from scratch",
        "gain (paired)",
        ">scratch needs",
    ]
    show_rows(columns, rows)
    target = console()
    target.print(made.answer, markup=False, soft_wrap=True)
    if made.forecast is not None:
        target.print(
            f"With {made.forecast.num_labels:,} labels, transfer is expected at {interval(made.forecast.score)}: "
            "a power law drawn on, not a measurement.",
            markup=False,
            soft_wrap=True,
        )
    for note in made.notes:
        say(f"note: {note}")


def _signed(gain: Interval | None) -> str | None:
    return None if gain is None else f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def _needs(needed: dict[int, float | None], num_labels: int) -> str | None:
    if num_labels not in needed:
        return None
    number = needed[num_labels]
    return "more than measured" if number is None else f"{number:,.0f}"
