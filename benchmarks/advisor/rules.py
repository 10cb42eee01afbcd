"""The rules that are scored: the advisor's own, the plain table, and simpler ones fitted in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np

from benchmarks.advisor.grid import Cell
from benchmarks.advisor.regret import Choice, Rule, always

__all__ = ["NumbersOf", "Stump", "constants", "stumps"]

NumbersOf = Mapping[Cell, Mapping[str, float]]
"""The readings of each cell that are numbers."""


@dataclass(frozen=True)
class Stump:
    """One question: is a reading below a border?"""

    numbers: NumbersOf
    reading: str
    border: float
    below: str
    above: str

    def __call__(self, cell: Cell) -> Choice:
        value = self.numbers[cell][self.reading]
        return {self.below if value < self.border else self.above: 1.0}

    def __str__(self) -> str:
        return f"{self.below} if {self.reading} < {self.border:.3g}, else {self.above}"


def constants(strategies: Sequence[str]) -> list[Rule]:
    """Return the rules that always say the same."""
    return [always(strategy) for strategy in strategies]


def stumps(
    numbers: NumbersOf, strategies: Sequence[str], readings: Sequence[str], *, num_borders: int = 7
) -> list[Stump]:
    """Return all rules that ask one question of one reading, at quantiles of what was read.

    The borders come from the readings alone, never from outcomes.
    """
    return [
        Stump(numbers, reading, border, below, above)
        for reading in readings
        for border in _borders(numbers, reading, num_borders)
        for below, above in permutations(strategies, 2)
    ]


def _borders(numbers: NumbersOf, reading: str, count: int) -> Iterator[float]:
    values = np.array([row[reading] for row in numbers.values()])
    distinct = np.unique(values[np.isfinite(values)])
    if len(distinct) < 2:
        return
    middles = (distinct[1:] + distinct[:-1]) / 2
    places = np.unique(np.linspace(0, len(middles) - 1, min(count, len(middles))).round().astype(int))
    yield from (float(middles[i]) for i in places)


def settings(**values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield every combination of some values of each name."""
    for chosen in product(*values.values()):
        yield dict(zip(values, chosen, strict=True))
