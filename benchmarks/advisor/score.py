"""From trainings and readings to the table of regrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks.advisor.grid import BASES, SEEDS, SIZES, STRATEGIES, Cell
from benchmarks.advisor.regret import (
    Outcome,
    Question,
    Rule,
    Summary,
    always,
    at_random,
    best_on_validation,
    cost_share,
    fit_and_score,
    noise_floor,
    regret_by_seed,
    regret_of_means,
    summarize,
)
from benchmarks.advisor.rules import NumbersOf, constants, stumps

__all__ = ["Family", "Line", "Scores", "score"]

Outcomes = Mapping[Cell, Mapping[str, Outcome]]
_TWO = ("head_only", "probe_then_tune")


@dataclass(frozen=True)
class Family:
    """Rules among which the fit chooses.

    Args:
        title: what the line of the table says.
        rules: the preferred ones first.
        words: what each rule is, for people.
        needs_readings: whether asking it costs the readings.
    """

    title: str
    rules: Sequence[Rule]
    words: Sequence[str]
    needs_readings: bool = True


@dataclass(frozen=True)
class Line:
    """One rule of the table."""

    title: str
    means: Summary  # regret on the means over the seeds, in points
    seeds: float  # mean regret seed by seed, in points
    cost: float  # CPU seconds over those of all strategies
    is_fitted: bool
    chosen: dict[str, int] = field(default_factory=dict)  # what was fitted, and in how many halves
    regrets: dict[Question, float] = field(default_factory=dict, repr=False)

    def document(self) -> dict[str, Any]:
        """Return all but the single regrets."""
        return {k: v for k, v in asdict(self).items() if k != "regrets"}


@dataclass(frozen=True)
class Scores:
    """All that the table shows."""

    num_cells: int
    num_questions: int
    floor: float  # in points
    lines: tuple[Line, ...]
    winners: dict[str, int]  # how often each strategy has the best mean
    accuracies: dict[str, dict[str, float]]  # mean test accuracy by task, base and size, and strategy
    later: tuple[Line, ...] = ()  # the same on all seeds but the first; rules of one member only


def score(
    table: Outcomes, families: Sequence[Family], numbers: NumbersOf, seconds: Mapping[Cell, float]
) -> Scores:
    """Score all rules.

    Args:
        table: outcomes of the cells.
        families: rules that stand on readings; of several rules the fit chooses.
        numbers: readings of the cells.
        seconds: CPU seconds of the readings.
    """
    lines = [*_plain_lines(table), *(_line_of(table, f, seconds) for f in _all_families(families, numbers))]
    rest = {cell: outcomes for cell, outcomes in table.items() if cell.seed != SEEDS[0]}
    fixed = [family for family in families if len(family.rules) == 1]
    later = [*_plain_lines(rest), *(_line_of(rest, family, seconds) for family in fixed)] if rest else []
    return Scores(
        num_cells=len(table),
        num_questions=len(lines[0].regrets),
        floor=100 * float(np.mean(list(noise_floor(table).values()) or [np.nan])),
        lines=tuple(lines),
        winners=_winners(table),
        accuracies=_accuracies(table),
        later=tuple(later),
    )


def _all_families(given: Sequence[Family], numbers: NumbersOf) -> Iterator[Family]:
    yield Family("the best single strategy, fitted", constants(STRATEGIES), STRATEGIES, needs_readings=False)
    by_size = stumps(numbers, STRATEGIES, ["images_per_class"])
    yield Family("one question: size, fitted", by_size, [str(s) for s in by_size], needs_readings=False)
    names = sorted(set.intersection(*(set(row) for row in numbers.values())))
    anything: list[Rule] = [*constants(STRATEGIES), *stumps(numbers, STRATEGIES, names)]
    words = [*STRATEGIES, *(str(s) for s in anything[len(STRATEGIES) :])]
    yield Family("one question: any reading, fitted", anything, words)
    yield from given


def _plain_lines(table: Outcomes) -> Iterator[Line]:
    for strategy in STRATEGIES:
        yield _fixed(table, f"always {strategy}", always(strategy), _paid(table, strategy))
    yield _fixed(
        table,
        "at random (expected)",
        at_random(STRATEGIES),
        lambda c: _everything(table, c) / len(STRATEGIES),
    )
    yield _fixed(
        table,
        "better of head_only and probe_then_tune on validation",
        best_on_validation(table, _TWO),
        lambda c: sum(table[c][s].cpu_seconds for s in _TWO),
    )
    cheap_first = sorted(STRATEGIES, key=lambda s: _total(table, s))
    yield _fixed(
        table,
        "all strategies, best on validation",
        best_on_validation(table, cheap_first),
        lambda c: _everything(table, c),
    )


def _paid(table: Outcomes, strategy: str) -> Callable[[Cell], float]:
    return lambda cell: table[cell][strategy].cpu_seconds


def _everything(table: Outcomes, cell: Cell) -> float:
    return sum(o.cpu_seconds for o in table[cell].values())


def _total(table: Outcomes, strategy: str) -> float:
    return sum(o[strategy].cpu_seconds for o in table.values())


def _fixed(table: Outcomes, title: str, rule: Rule, paid: Callable[[Cell], float]) -> Line:
    regrets = regret_of_means(table, rule)
    return Line(
        title,
        summarize(regrets),
        100 * float(np.mean(list(regret_by_seed(table, rule).values()))),
        cost_share(table, paid),
        is_fitted=False,
        regrets=regrets,
    )


def _line_of(table: Outcomes, family: Family, seconds: Mapping[Cell, float]) -> Line:
    def paid_by(rule: Rule) -> Callable[[Cell], float]:
        def paid(cell: Cell) -> float:
            training = sum(share * table[cell][s].cpu_seconds for s, share in rule(cell).items())
            return training + family.needs_readings * seconds.get(cell, 0.0)

        return paid

    if len(family.rules) == 1:
        return _fixed(table, family.title, family.rules[0], paid_by(family.rules[0]))
    found = fit_and_score(table, family.rules)
    counts = Counter(member for member, _ in found.chosen)
    seeds, costs = [], []
    for member, scoring in found.chosen:
        part = {cell: outcomes for cell, outcomes in table.items() if cell.task in scoring}
        rule = family.rules[member]
        seeds.append(np.mean(list(regret_by_seed(part, rule).values())))
        costs.append(cost_share(part, paid_by(rule)))
    return Line(
        family.title,
        summarize(found.regrets),
        100 * float(np.mean(seeds)),
        float(np.mean(costs)),
        is_fitted=True,
        chosen={family.words[member]: n for member, n in counts.most_common()},
        regrets=found.regrets,
    )


def _winners(table: Outcomes) -> dict[str, int]:
    regrets = {s: regret_of_means(table, always(s)) for s in STRATEGIES}
    best = Counter(min(STRATEGIES, key=lambda s: regrets[s][q]) for q in regrets[STRATEGIES[0]])
    return {s: best[s] for s in STRATEGIES}


def _accuracies(table: Outcomes) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for task in sorted({c.task for c in table}):
        for base in BASES:
            for size in SIZES:
                cells = [c for c in table if (c.task, c.base, c.size) == (task, base, size)]
                if cells:
                    found[f"{task}, {base}, {size}"] = {
                        s: 100 * float(np.mean([table[c][s].test for c in cells])) for s in STRATEGIES
                    }
    return found
