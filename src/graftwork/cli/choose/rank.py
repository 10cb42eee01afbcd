"""``graftwork rank``: which base, before any training, and whether the ranking was right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import console, count, interval, say, show_rows
from graftwork.documents.ranking import MEASURES, RankCheck, RankedBase, Ranking, RankMeasure
from graftwork.errors import UsageError
from graftwork.project.looks.depth import MAX_IMAGES

__all__ = ["rank"]

_Bases = Annotated[
    list[str] | None,
    typer.Option(
        "--bases",
        metavar="ID",
        help="Base to rank, host:name; several with commas, or repeat. Default: the bundled one and its untrained twin, "
        "what hubs keep on this machine, and your own finished runs on other images.",
    ),
]
_By = Annotated[
    str, typer.Option("--by", metavar="|".join(get_args(RankMeasure)), help="Measure to order by.")
]
_MaxImages = Annotated[
    int,
    typer.Option("--max-images", min=2, help="Look at no more training and validation images than this."),
]
_Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Then train the head on each base that has no such run yet, and say who was right."
    ),
]
_NOT_HERE = ("base", "strategy", "cut", "batch_norm")
_BOUNDS = re.compile(r",(?=[a-z]+:)")


@takes_transfer_options
def rank(
    request: FlowRequest,
    bases: _Bases = None,
    by: _By = "logme",
    max_images: _MaxImages = MAX_IMAGES,
    check: _Check = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Rank bases for your images before any training: LogME, k-NN, linear probe and more, with cost and size.

    Each base looks once at a sample of the training and validation images, never at test images. What was measured
    is kept: ctrl-C stops, and the same command goes on. Runs on the same images, if there are any, check the ranking.
    """
    measure = _measure(by)
    if given := [name for name in _NOT_HERE if name in request.options]:
        raise UsageError(
            f"rank tries many bases, each as it is; --{given[0].replace('_', '-')} has no place here.",
            hint="Name bases with --bases; train takes the rest.",
        )
    home = open_project(project, create=True)
    flow = request.flow(home)
    with ProgressView() as view:
        made = home.rank(
            flow, _split(bases), check=check, by=measure, max_images=max_images, tell=_teller(view)
        )
    print_json(made) if as_json else _show(made)


def _measure(text: str) -> RankMeasure:
    for name in get_args(RankMeasure):
        if name == text.replace("-", "_"):
            measure: RankMeasure = name
            return measure
    raise UsageError(
        f"There is no measure '{text}'.", hint=f"Order by one of: {', '.join(get_args(RankMeasure))}."
    )


def _split(bases: list[str] | None) -> list[str] | None:
    return None if not bases else [part for text in bases for part in _BOUNDS.split(text) if part.strip()]


def _teller(view: ProgressView) -> Callable[[Any], None]:
    def tell(what: Any) -> None:
        say(what) if isinstance(what, str) else view(what)

    return tell


def _show(made: Ranking) -> None:
    score = "R²" if made.score_name == "r2" else "balanced accuracy"
    show_rows(
        [
            "base",
            ">LogME",
            ">k-NN",
            f">linear probe, {score}",
            ">nearest mean",
            ">LEEP",
            ">parameters",
            ">ms/image",
            ">seconds",
        ],
        [_row(row) for row in made.bases if row.problem is None],
        title=f"{count(made.num_images)} images of {made.source}, by {_words(made.by)}",
    )
    target = console()
    for line in (*_failed(made.bases), *_lines(made)):
        target.print(line, markup=False, soft_wrap=True)
    for check in made.checks:
        _show_check(check)


def _row(row: RankedBase) -> tuple[str, ...]:
    at = row.intervals
    return (
        row.base,
        _number(row.scores.get("logme"), 3),
        interval(at.get("knn")),
        interval(at.get("linear")),
        interval(at.get("nearest_mean")),
        _number(row.scores.get("leep"), 3),
        count(row.num_parameters or 0),
        _number(row.milliseconds, 1),
        _number(row.seconds, 1),
    )


def _number(value: float | None, digits: int) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _words(measure: str) -> str:
    return next(m.words for m in MEASURES if m.name == measure)


def _failed(rows: Sequence[RankedBase]) -> list[str]:
    return [f"{row.base} could not be measured: {row.problem}" for row in rows if row.problem]


def _lines(made: Ranking) -> list[str]:
    lines = [f"A guess scores {made.chance:.3f}. {made.reason}"]
    others = {m.words: made.picks[m.name] for m in MEASURES if made.picks.get(m.name, made.best) != made.best}
    if others:
        lines.append("Others would choose: " + "; ".join(f"{w}: {b}" for w, b in others.items()) + ".")
    elif len(made.picks) > 1:
        lines.append(f"All measures choose {made.best}.")
    lines += [
        f"{row.base} has no LEEP: {why}"
        for row in made.bases
        if (why := row.why_not.get("leep")) and made.label_kind == "category" and not row.is_control
    ]
    lines += [f"{row.base}: {note}" for row in made.bases for note in row.notes]
    return [*lines, *made.notes]


def _show_check(check: RankCheck) -> None:
    show_rows(
        ["measure", ">bases", "would choose", ">points lost", ">τ", ">weighted τ", ">Spearman", ">p of τ"],
        [
            (
                _words(a.measure),
                str(a.num),
                a.pick,
                f"{100 * a.lost:.1f}",
                _number(a.kendall, 2),
                _number(a.weighted, 2),
                _number(a.spearman, 2),
                _number(a.kendall_chance, 3),
            )
            for a in check.agreements
        ],
        title=f"Checked: {check.strategy.replace('_', ' ')}, {check.score_name.replace('_', ' ')} on {check.split}",
    )
    target = console()
    scores = ", ".join(f"{b.base} {b.score:.3f}" for b in check.bases)
    target.print(f"Training gave: {scores}.", markup=False, soft_wrap=True)
    target.print(check.verdict, markup=False, soft_wrap=True)
