"""``graftwork race``: all strategies side by side on the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, count, duration, interval, say, show_rows
from graftwork.documents.race import Race, RaceChoices, RaceLane, RaceState
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval
from graftwork.errors import RunError, RunInterrupted, UnknownName, UsageError, did_you_mean
from graftwork.project.choosing.race_steering import keep_lane, race_state, race_states

if TYPE_CHECKING:
    from graftwork.project import Project

__all__ = ["race"]

_STRATEGIES = get_args(Strategy)
_FIELDS = RaceChoices.model_fields
_Strategies = Annotated[
    str | None,
    typer.Option("--strategies", metavar="A,B,…", help=f"Lanes, of {', '.join(_STRATEGIES)}. Default: all."),
]
_Seeds = Annotated[int | None, typer.Option("--seeds", help=f"{_FIELDS['seeds'].description} Default: 2.")]
_Budget = Annotated[
    float | None, typer.Option("--budget", metavar="MINUTES", help=_FIELDS["budget_minutes"].description)
]
_Halving = Annotated[bool, typer.Option("--halving", help=_FIELDS["halving"].description)]
_Advice = Annotated[bool, typer.Option("--advice/--no-advice", help=_FIELDS["advise"].description)]
_Resume = Annotated[str | None, typer.Option("--resume", metavar="RACE", help="Go on with a race.")]
_Show = Annotated[str | None, typer.Option("--show", metavar="RACE", help="Only show a race as it stands.")]
_List = Annotated[bool, typer.Option("--list", help="List the races of the project.")]
_Keep = Annotated[
    str | None,
    typer.Option(
        "--keep", metavar="LANE", help="Afterwards, or with --show, copy a lane's best run to the runs."
    ),
]


@takes_transfer_options
def race(
    request: FlowRequest,
    strategies: _Strategies = None,
    seeds: _Seeds = None,
    budget: _Budget = None,
    halving: _Halving = False,
    advice: _Advice = True,
    resume: _Resume = None,
    show: _Show = None,
    list_races: _List = False,
    keep: _Keep = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Train all strategies side by side on the same images, and say which one to take.

    The frozen base sees each image once for all lanes, and a head is trained once for all that start from it; each
    lane is bit for bit the run that `train` would give. Ctrl-C stops, and --resume goes on.
    """
    is_new = not (resume or show or list_races)
    home = open_project(project, create=is_new)
    if list_races:
        states = race_states(home)
        print_json(states) if as_json else _show_list(states)
        return
    lane = None if keep is None else _strategy(keep)
    chosen = None if strategies is None else tuple(_strategy(name) for name in strategies.split(",") if name)
    choices = {"strategies": chosen, "seeds": seeds, "budget_minutes": budget, "halving": halving or None}
    choices |= {"advise": None if advice else False}
    given = {name: value for name, value in choices.items() if value is not None}
    made = _shown(home, show) if show else _raced(home, request, given, resume)
    kept = None if lane is None else keep_lane(home, made.id, lane)
    if as_json:
        print_json(made if kept is None else made.model_dump(mode="json") | {"kept": kept.id})
        return
    _show_race(made)
    if kept is not None:
        console().print(f"kept as run: {kept.id}", soft_wrap=True)


def _strategy(name: str) -> Strategy:
    name = name.strip()
    if name not in _STRATEGIES:
        raise UnknownName(
            f"There is no strategy '{name}'.", hint=did_you_mean(name, _STRATEGIES), option="strategies"
        )
    found: Strategy = name  # type: ignore[assignment]
    return found


def _shown(home: Project, name: str) -> Race:
    state = race_state(home, name)
    if state.race is None:
        why = f": {state.message}" if state.message else "."
        raise RunError(
            f"The race {state.id} is {state.status} and has no scores yet{why}",
            hint=f"Go on with graftwork race --resume {state.id}.",
        )
    return state.race


def _raced(home: Project, request: FlowRequest, choices: dict[str, Any], resume: str | None) -> Race:
    """Run the race that was asked for; one that is stopped ends the command with exit code 130."""
    teller = _Teller()
    try:
        if resume is not None:
            if request.source is not None or request.path is not None or request.options:
                raise UsageError(
                    "A race goes on with its own images and options.", hint="Give --resume RACE alone."
                )
            return home.race(resume=resume, told=teller, **choices)
        if request.path is not None:
            return home.race(request.flow(home), told=teller, **choices)
        if request.source is None:
            raise UsageError(
                "Either PATH, --flow or --resume is wanted, got none.", hint="Write graftwork race FOLDER."
            )
        options = request.options | ({"name": request.name} if request.name else {})
        return home.race(request.source, told=teller, **choices, **options)
    except RunInterrupted as error:
        say(error.message)
        if teller.id:
            say(f"Go on with: graftwork race --resume {teller.id}")
        raise typer.Exit(130) from error


class _Teller:
    """Says what begins, who was cut off, and about how long it takes."""

    def __init__(self) -> None:
        self.id = ""
        self._at = ""
        self._has_plan = False
        self._rungs = 0

    def __call__(self, state: RaceState) -> None:
        self.id = state.id
        if state.plan is not None and not self._has_plan:
            self._has_plan = True
            ends = ", ".join(str(rung.epochs) for rung in state.plan.rungs[:-1])
            rungs = f"; the worse half ends after epoch {ends}" if ends else ""
            lanes = sum(lane.same_as is None and lane.refused is None for lane in state.plan.lanes)
            say(f"race {state.id}: {lanes} lanes, at most about {duration(state.plan.seconds)}{rungs}")
            for note in state.plan.notes:
                say(f"note: {note}")
        for rung in state.rungs[self._rungs :]:
            say(rung.why)
        self._rungs = len(state.rungs)
        if state.at and state.at != self._at and state.status in ("running", "planning"):
            left = "" if not state.seconds_left else f", at most about {duration(state.seconds_left)} left"
            say(f"{state.at}{left}")
        self._at = state.at


def _show_race(made: Race) -> None:
    name = made.score_name.replace("_", " ")
    rows = [_row(lane, made) for lane in made.lanes]
    columns = [
        "lane",
        "status",
        f"validation {name} (95 %)",
        f"test {name}",
        "winner ahead by (test, paired)" if made.split == "test" else "winner ahead by (paired)",
        ">seconds",
        ">images through the base",
        ">trainable",
    ]
    target = console()
    target.print(f"[bold]{made.id}[/bold] {made.name}: {made.base}", soft_wrap=True)
    show_rows(columns, rows)
    target.print(made.answer, markup=False, soft_wrap=True)
    cost = made.cost
    target.print(
        f"cost: {duration(cost.seconds)}; the base's work on {count(round(cost.passes))} images, "
        f"{cost.ratio:.2f} times that of {cost.dearest} alone, {count(round(cost.apart_passes))} run one by one",
        markup=False,
        soft_wrap=True,
    )
    for note in made.notes:
        say(f"note: {note}")


def _row(lane: RaceLane, made: Race) -> tuple[Any, ...]:
    marks = ("*" if lane.strategy == made.winner else "") + ("+" if lane.is_on_front else "")
    status = f"as {lane.same_as}" if lane.same_as else lane.status
    if lane.status == "stopped" and lane.epoch:
        status = f"stopped at epoch {lane.epoch}"
    cost = lane.cost
    return (
        f"{lane.strategy}{marks}",
        status,
        interval(lane.validation),
        interval(lane.test),
        _signed(lane.behind),
        None if cost is None else f"{cost.alone_seconds:.1f}",
        None if cost is None else count(round(cost.alone_passes)),
        count(lane.num_trainable),
    )


def _signed(gain: Interval | None) -> str | None:
    return None if gain is None else f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def _show_list(states: list[RaceState]) -> None:
    show_rows(
        ["race", "name", "status", "winner", ">time"],
        [(s.id, s.name, s.status, s.race.winner if s.race else None, duration(s.seconds)) for s in states],
    )
