"""How much worse than the best strategy the chosen one is: tables of outcomes in, numbers out. No torch here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.advisor.grid import Cell
from benchmarks.results import BenchmarkFailed

__all__ = [
    "Choice",
    "OutOfSample",
    "Outcome",
    "Rule",
    "Summary",
    "Table",
    "always",
    "at_random",
    "best_on_validation",
    "cost_share",
    "fit",
    "fit_and_score",
    "halves",
    "noise_floor",
    "regret_by_seed",
    "regret_of_means",
    "summarize",
    "table_of",
]


@dataclass(frozen=True)
class Outcome:
    """What a strategy gave on a cell; accuracies from 0 to 1."""

    test: float
    validation: float
    cpu_seconds: float


Table = Mapping[Cell, Mapping[str, Outcome]]
Choice = Mapping[str, float]
"""How likely each strategy is chosen: one with 1 where nothing is left to chance."""

Rule = Callable[[Cell], Choice]
Question = tuple[str, int, str]
"""Task, images of a class, base: what the seeds of a cell have in common."""


def table_of(rows: Iterable[Mapping[str, Any]], strategies: Sequence[str]) -> dict[Cell, dict[str, Outcome]]:
    """Return the outcomes by cell; only cells where every strategy was tried are in it.

    ``from_scratch`` is taken over from the same cell of another base, because it knows no base.
    """
    found: dict[Cell, dict[str, Outcome]] = defaultdict(dict)
    scratch: dict[tuple[str, int, int], Outcome] = {}
    for row in rows:
        cell = Cell(row["seed"], row["size"], row["task"], row["base"])
        outcome = Outcome(row["test"]["value"], row["validation"]["value"], row["cpu_seconds"])
        found[cell][row["strategy"]] = outcome
        if row["strategy"] == "from_scratch":
            scratch[cell.task, cell.size, cell.seed] = outcome
    for cell, outcomes in found.items():
        other = scratch.get((cell.task, cell.size, cell.seed))
        if other is not None:
            outcomes.setdefault("from_scratch", other)
    return {c: {s: o[s] for s in strategies} for c, o in sorted(found.items()) if set(strategies) <= set(o)}


# -- rules that need no readings ------------------------------------------------------------------------


def always(strategy: str) -> Rule:
    """Return the rule that knows one answer."""
    return lambda _: {strategy: 1.0}


def at_random(strategies: Sequence[str]) -> Rule:
    """Return the rule that draws; its regret is the expected one."""
    return lambda _: dict.fromkeys(strategies, 1 / len(strategies))


def best_on_validation(table: Table, strategies: Sequence[str]) -> Rule:
    """Return the rule that trains some strategies and keeps the best on the validation images.

    Between equals the cheapest is kept, in the order given.
    """

    def choose(cell: Cell) -> Choice:
        return {max(strategies, key=lambda s: table[cell][s].validation): 1.0}

    return choose


# -- regret ---------------------------------------------------------------------------------------------


def _test_of(outcomes: Mapping[str, Outcome], choice: Choice) -> float:
    return sum(share * outcomes[strategy].test for strategy, share in choice.items())


def regret_by_seed(table: Table, rule: Rule) -> dict[Cell, float]:
    """Return, for each cell, the best test accuracy of that very seed less that of the chosen strategy.

    The best of several noisy numbers is too high, so this is above the true regret; see ``noise_floor``.
    """
    return {
        cell: max(o.test for o in outcomes.values()) - _test_of(outcomes, rule(cell))
        for cell, outcomes in table.items()
    }


def regret_of_means(table: Table, rule: Rule) -> dict[Question, float]:
    """Return, for each question, the mean over seeds of the best strategy less that of the choices."""
    found = {}
    for question, cells in _by_question(table).items():
        means = {s: np.mean([table[c][s].test for c in cells]) for s in table[cells[0]]}
        chosen = np.mean([_test_of(table[c], rule(c)) for c in cells])
        found[question] = float(max(means.values()) - chosen)
    return found


def noise_floor(table: Table) -> dict[Cell, float]:
    """Return the regret on each seed of the strategy that is best on the mean of the other seeds.

    Nobody who knows the truth but not the noise of a seed does better. Questions with one seed have none.
    """
    found = {}
    for cells in _by_question(table).values():
        for cell in cells:
            others = [c for c in cells if c != cell]
            if not others:
                continue
            means = {s: np.mean([table[c][s].test for c in others]) for s in table[cell]}
            best = max(means, key=lambda s: means[s])
            found[cell] = max(o.test for o in table[cell].values()) - table[cell][best].test
    return found


def _by_question(table: Table) -> dict[Question, list[Cell]]:
    found: dict[Question, list[Cell]] = defaultdict(list)
    for cell in table:
        found[cell.task, cell.size, cell.base].append(cell)
    return found


def cost_share(table: Table, paid: Callable[[Cell], float]) -> float:
    """Return what was paid over what all strategies together cost, in CPU seconds."""
    everything = sum(o.cpu_seconds for outcomes in table.values() for o in outcomes.values())
    return sum(paid(cell) for cell in table) / everything


# -- what a rule is worth -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """Regret in points of accuracy, with a 95 % interval of the mean."""

    mean: float
    low: float
    high: float
    worst: float
    within_one: float  # share of the questions with at most one point


def summarize(regrets: Mapping[Question, float], *, rounds: int = 2000, seed: int = 0) -> Summary:
    """Return the mean and the worst regret in points; the bootstrap draws data sets, with all that is of them.

    Questions of one data set are alike, so drawing single questions would claim too much.
    """
    values: dict[str, list[float]] = defaultdict(list)
    for (task, _, _), regret in regrets.items():
        values[task].append(100 * regret)
    sums = np.array([sum(v) for v in values.values()])
    counts = np.array([len(v) for v in values.values()])
    draws = np.random.default_rng(seed).integers(0, len(sums), (rounds, len(sums)))
    means = sums[draws].sum(1) / counts[draws].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    points = np.array([p for v in values.values() for p in v])
    return Summary(
        float(points.mean()), float(low), float(high), float(points.max()), float((points <= 1.0).mean())
    )


# -- fitting on some data sets, scoring on others -------------------------------------------------------


def halves(tasks: Sequence[str]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield every way to fit on half of the data sets and to score on the rest; an odd one is scored.

    Raises:
        BenchmarkFailed: fewer than two data sets.
    """
    if len(tasks) < 2:
        raise BenchmarkFailed(
            f"Fitting on some data sets and scoring on others wants two of them, not {len(tasks)}."
        )
    for part in combinations(sorted(tasks), len(tasks) // 2):
        yield frozenset(part), frozenset(tasks) - set(part)


@dataclass(frozen=True)
class OutOfSample:
    """What a family of rules gives on data sets that it was not fitted on.

    Args:
        regrets: of each question, mean over all halves that scored it.
        worst: of each question, in the half that did worst by it.
        chosen: for each half, which member of the family was fitted, and the data sets that it was scored on.
    """

    regrets: dict[Question, float]
    worst: dict[Question, float]
    chosen: tuple[tuple[int, frozenset[str]], ...]


def fit_and_score(table: Table, family: Sequence[Rule]) -> OutOfSample:
    """Fit a family of rules on half of the data sets, score it on the other half, in all ways.

    The member with the lowest mean regret on the data sets of the fit is scored on the others; between
    equals the first, so put the preferred one first.
    """
    questions = list(_by_question(table))
    found = [regret_of_means(table, rule) for rule in family]
    regrets = np.array([[one[q] for q in questions] for one in found])
    scored: dict[Question, list[float]] = defaultdict(list)
    chosen: list[tuple[int, frozenset[str]]] = []
    for fitted, scoring in halves(sorted({task for task, _, _ in questions})):
        best = fit(regrets, questions, fitted)
        chosen.append((best, scoring))
        for column, question in enumerate(questions):
            if question[0] in scoring:
                scored[question].append(float(regrets[best, column]))
    return OutOfSample(
        {q: float(np.mean(v)) for q, v in scored.items()},
        {q: max(v) for q, v in scored.items()},
        tuple(chosen),
    )


def fit(regrets: NDArray[np.float64], questions: Sequence[Question], tasks: frozenset[str]) -> int:
    """Return the row with the lowest mean over the questions of some data sets; the first of equals."""
    columns = [i for i, (task, _, _) in enumerate(questions) if task in tasks]
    return int(np.argmin(np.round(regrets[:, columns].mean(1), 9)))
