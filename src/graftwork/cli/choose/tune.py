"""``graftwork tune``: search settings by the validation score."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from graftwork.cli.json_out import plain, print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import console, count, duration, interval, say, show_rows
from graftwork.documents.flow import write_flow
from graftwork.documents.tuning import (
    FinalRuns,
    Round,
    Sampler,
    Search,
    SearchChoices,
    SearchState,
    Span,
)
from graftwork.errors import UsageError
from graftwork.project.choosing.tune_final import run_final
from graftwork.project.interrupt import stop_on_interrupt
from graftwork.project.options import read_as

__all__ = ["read_fixed", "read_span", "tune"]

_USUAL = SearchChoices()
_Rounds = Annotated[
    int | None,
    typer.Option(
        "--rounds", help=f"Trainings in all; the flow as it stands is the first. Default: {_USUAL.rounds}."
    ),
]
_Minutes = Annotated[
    float | None, typer.Option("--minutes", help="Minutes of training in all. Default: no limit.")
]
_Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="NAME[=RANGE]",
        help="Search this alone: NAME, NAME=LOW..HIGH, or NAME=A,B. Repeatable. Default: all that matters.",
    ),
]
_Fix = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="NAME=VALUE", help="Set this instead of searching it. Repeatable."),
]
_Sampler = Annotated[
    str | None,
    typer.Option(
        "--sampler",
        metavar="|".join(get_args(Sampler)),
        help=f"{SearchChoices.model_fields['sampler'].description} Default: {_USUAL.sampler}.",
    ),
]
_Prune = Annotated[bool, typer.Option("--prune/--no-prune", help="Whether rounds that lag are ended early.")]
_Seed = Annotated[int | None, typer.Option("--search-seed", help="Of the suggestions. Default: 0.")]
_Prior = Annotated[
    str | None,
    typer.Option("--prior", metavar="PATH", help=f"{SearchChoices.model_fields['prior'].description}"),
]
_Resume = Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with a search.")]
_Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="FLOW.yaml", help="Write the flow with the settings to take."),
]
_Final = Annotated[
    bool,
    typer.Option(
        "--final", help="Afterwards train the chosen settings and the flow as it stood, and test both."
    ),
]


@takes_transfer_options
def tune(
    request: FlowRequest,
    rounds: _Rounds = None,
    minutes: _Minutes = None,
    over: _Over = None,
    fix: _Fix = None,
    sampler: _Sampler = None,
    prune: _Prune = True,
    search_seed: _Seed = None,
    prior: _Prior = None,
    resume: _Resume = None,
    write: _Write = None,
    final: _Final = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Search the settings with the highest validation score, and say which to take.

    The flow as it stands is the first round. Ctrl-C stops; `--resume ID` goes on as if it had not been stopped.
    """
    home = open_project(project, create=True)
    told = _Teller()
    limits = {"rounds": rounds, "minutes": minutes}
    given: dict[str, Any] = {k: v for k, v in limits.items() if v is not None}
    with stop_on_interrupt() as stop:
        if resume is not None:
            _refuse_beside_resume(request, over, fix, sampler, search_seed)
            found = home.tune(resume=resume, told=told, stop=stop, **given)
        else:
            choices = _choices(
                given | ({"prior": prior} if prior else {}), over, fix, sampler, prune, search_seed
            )
            found = home.tune(request.flow(home), choices=choices, told=told, stop=stop)
    if write is not None and found.best_flow is not None:
        write_flow(found.best_flow, write)
    if final:
        with ProgressView() as view:
            found = found.edit(final=run_final(home, found.id, on_event=view))
    if as_json:
        print_json(plain(found) | {"project": str(home.root)})
    else:
        _show(found, write)


def _choices(
    given: dict[str, Any],
    over: list[str] | None,
    fix: list[str] | None,
    sampler: str | None,
    prune: bool,
    seed: int | None,
) -> SearchChoices:
    named = {
        "over": tuple(read_span(text) for text in over or ()),
        "fixed": read_fixed(fix or ()),
        "sampler": sampler,
        "prune": prune,
        "seed": seed,
    }
    return read_as(SearchChoices, given | {k: v for k, v in named.items() if v is not None})


def _refuse_beside_resume(
    request: FlowRequest,
    over: list[str] | None,
    fix: list[str] | None,
    sampler: str | None,
    seed: int | None,
) -> None:
    is_new = request.source or request.path or request.options or over or fix or sampler or seed is not None
    if is_new:
        raise UsageError(
            "A search that goes on keeps its images and choices; only --rounds and --minutes can change.",
            hint="Leave out --resume to begin a new one.",
        )


def read_span(text: str) -> Span:
    """Read ``NAME``, ``NAME=LOW..HIGH`` or ``NAME=A,B``.

    Raises:
        UsageError: it reads as none of them.
    """
    name, equals, rest = text.partition("=")
    name = name.strip().replace("-", "_")
    low, dots, high = rest.partition("..")
    if not name or (equals and not rest.strip()):
        raise UsageError(f"--over wants NAME, NAME=LOW..HIGH or NAME=A,B, got '{text}'.")
    if not dots:
        values = tuple(v.strip() for v in rest.split(",") if v.strip())
        return read_as(Span, {"name": name, "values": values})
    try:
        ends = {"low": float(low), "high": float(high)}
    except ValueError as error:
        raise UsageError(
            f"--over {text}: the ends of a range are numbers.", hint=f"Write --over {name}=1e-5..1e-3."
        ) from error
    return read_as(Span, {"name": name, **ends})


def read_fixed(texts: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` texts; values are YAML numbers or words.

    Raises:
        UsageError: no ``=``, or a name given twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name or not value.strip():
            raise UsageError(f"--fix wants NAME=VALUE, got '{text}'.", hint="Write --fix epochs=10.")
        if name in found:
            raise UsageError(f"--fix names {name} twice.", hint="Give it once.")
        found[name] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


class _Teller:
    """Says how far the search is, a line for each round."""

    def __init__(self) -> None:
        self._done, self._at = -1, ""

    def __call__(self, state: SearchState) -> None:
        search = state.search
        if search is None:
            return
        if self._done < 0:
            say(
                f"search {search.id}: up to {state.total} rounds over "
                f"{', '.join(d.name for d in search.dimensions)}; ctrl-C stops, --resume goes on"
            )
        elif state.done > self._done:
            for done in search.rounds[self._done :]:
                say(_line(done, state))
        self._done = state.done


def _line(done: Round, state: SearchState) -> str:
    score = f"{done.score.value:.3f}" if done.score is not None else "no score"
    what = "" if done.status == "finished" else f", {done.status}"
    left = "" if state.seconds_left is None else f", about {duration(state.seconds_left)} left"
    return f"round {done.number + 1} of {state.total}: {score}{what}, {_settings(done)}{left}"


def _settings(done: Round) -> str:
    return ", ".join(
        f"{k} {'off' if v is None else f'{v:g}' if isinstance(v, float) else v}"
        for k, v in done.settings.items()
    )


def _show(search: Search, written: Path | None) -> None:
    rows = [
        (
            str(r.number + 1) + ("*" if r.number == search.best else "°" if r.number in search.front else ""),
            r.status if r.status != "finished" else r.origin,
            interval(r.score),
            count(r.trainable_parameters) if r.trainable_parameters is not None else None,
            duration(r.seconds),
            _settings(r),
        )
        for r in search.rounds
    ]
    name = (search.score_name or "score").replace("_", " ")
    show_rows([">round", "", f"validation {name} (95 %)", ">trained", ">time", "settings"], rows)
    target = console()
    target.print("* to take   ° no other round is better in score, parameters and time at once", markup=False)
    target.print(search.why, markup=False, soft_wrap=True)
    told = [f"{i.name} {i.share:.0%} (n = {i.num_rounds})" for i in search.importance if i.share is not None]
    if told:
        target.print(f"importance: {', '.join(told)}", markup=False, soft_wrap=True)
    elif search.importance:
        target.print(f"importance: {search.importance[0].reason}", markup=False, soft_wrap=True)
    target.print(
        f"{len(search.rounds)} rounds in {duration(search.seconds)}: {search.num_pruned} ended early, "
        f"{search.num_infeasible} refused, {search.num_failed} failed; {count(search.base_images)} images went through "
        f"the base, {count(search.cache_hits)} features were found in the cache.",
        markup=False,
        soft_wrap=True,
    )
    for note in search.notes:
        say(f"note: {note}")
    _show_final(search.final, name)
    _show_next(search, written)


def _show_final(final: FinalRuns | None, name: str) -> None:
    if final is None:
        return
    gain = (
        ""
        if final.gain is None
        else f"; gain {final.gain.value:+.3f} ({final.gain.low:+.3f} to {final.gain.high:+.3f}, paired)"
    )
    console().print(
        f"test {name}: {interval(final.best_score)} with the settings to take, {interval(final.default_score)} as it "
        f"stood{gain}. Runs {final.best} and {final.default}.",
        markup=False,
        soft_wrap=True,
    )
    if final.message:
        say(final.message)


def _show_next(search: Search, written: Path | None) -> None:
    if written is not None:
        say(f"Written to {written}. Train it with: graftwork train --flow {written}")
    elif search.final is None:
        say(
            f"Try it on the test images with: {Path(sys.argv[0]).name if sys.argv else 'graftwork'} tune --resume {search.id} --final"
        )
